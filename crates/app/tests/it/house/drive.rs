//! What a test does to a house and asks of it: submitting, answering as a carrier would, and looking at
//! states, balances and calls.
//!
//! Each step waits until the engine has worked it off, unless its name says `unsettled`. Start at
//! [`House::send`].

use std::sync::Arc;

use app::Scope;
use app::detail::MessageDetail;
use app::submission::{Accepted, Submission, SubmitOutcome};
use ports::channel::{AttemptRef, ChannelEvent, ConnectorStatus, Dispatch};
use ports::clock::Clock;
use types::address::Address;
use types::catalog::{PrefixPrice, PriceBook};
use types::id::{AccountId, MessageId};
use types::message::{Class, Content, Door, Draft, ReportWish, State};
use types::money::Unit;
use types::receipt::{PartOutcome, ReceiptNotice, ReceiptState, Verdict};

use super::House;

impl House {
    async fn tell(&self, connector: &str, event: ChannelEvent) {
        self.tell_unsettled(connector, event).await;
        self.settle().await;
    }

    async fn tell_unsettled(&self, connector: &str, event: ChannelEvent) {
        self.tell_at_once(connector, vec![event]).await;
    }

    /// Tells several things of which the engine hears in one turn, unsettled.
    pub(crate) async fn tell_at_once(&self, connector: &str, events: Vec<ChannelEvent>) {
        let (id, sink) = {
            let open = self.factory.open.lock().unwrap();
            let (id, _, sink) = open.get(connector).unwrap();
            (*id, Arc::clone(sink))
        };
        sink.tell(id, events).await;
    }

    /// An answer to the first part.
    pub(crate) fn outcome(&self, verdict: Verdict, id: Option<&str>) -> PartOutcome {
        let now = self.clock.now();
        let carrier_id = id.map(str::to_owned);
        PartOutcome { part: 1, verdict, status: 0, carrier_id, written_at: now, answered_at: now }
    }

    pub(crate) async fn answer_unsettled(
        &self,
        connector: &str,
        attempt: AttemptRef,
        verdict: Verdict,
        id: &str,
    ) {
        let outcome = self.outcome(verdict, Some(id));
        self.tell_unsettled(connector, ChannelEvent::Outcome { attempt, outcome, parts: 1 }).await;
    }

    pub(crate) async fn receipt_unsettled(&self, connector: &str, id: &str, state: ReceiptState) {
        self.tell_unsettled(connector, ChannelEvent::Receipt(self.notice(id, state, "447400123456"))).await;
    }

    pub(crate) fn notice(&self, id: &str, state: ReceiptState, number: &str) -> ReceiptNotice {
        ReceiptNotice {
            carrier_id: id.into(),
            state,
            stat: "TEST".into(),
            error: "000".into(),
            submit_date: String::new(),
            done_date: String::new(),
            source: Address::from_text(number),
            destination: Address::from_text("ACME"),
            tlvs: Vec::new(),
            read_at: self.clock.now(),
        }
    }

    pub(crate) async fn up(&self, connector: &str) {
        let status = ConnectorStatus { links_up: 1, links: 1, window: 1_000, ..ConnectorStatus::default() };
        self.tell(connector, ChannelEvent::Status(status)).await;
        self.tell(connector, ChannelEvent::Credit(1_000)).await;
    }

    /// The link comes back; what the channel has promised before still stands.
    pub(crate) async fn up_again(&self, connector: &str) {
        let status = ConnectorStatus { links_up: 1, links: 1, window: 1_000, ..ConnectorStatus::default() };
        self.tell(connector, ChannelEvent::Status(status)).await;
    }

    /// The link comes up and breaks before anything could be handed to it.
    pub(crate) async fn flicker(&self, connector: &str) {
        let status = |links_up| {
            ChannelEvent::Status(ConnectorStatus { links_up, links: 1, ..ConnectorStatus::default() })
        };
        self.tell_at_once(connector, vec![status(1), status(0)]).await;
        self.settle().await;
    }

    /// Lets the channel give back whatever it is handed next.
    pub(crate) fn refuse_next(&self, connector: &str) {
        let open = self.factory.open.lock().unwrap();
        open.get(connector).unwrap().1.refuses.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    /// Lets the channel crash whoever asks it what it can, in this order of questions.
    pub(crate) fn crash_at(&self, connector: &str, questions: &[bool]) {
        let open = self.factory.open.lock().unwrap();
        open.get(connector).unwrap().1.crashes.lock().unwrap().extend(questions);
    }

    pub(crate) async fn down(&self, connector: &str) {
        let status = ConnectorStatus { links: 1, last_error: "refused".into(), ..ConnectorStatus::default() };
        self.tell(connector, ChannelEvent::Status(status)).await;
    }

    /// What a connector was handed since the last call.
    pub(crate) fn sent(&self, connector: &str) -> Vec<Dispatch> {
        let open = self.factory.open.lock().unwrap();
        open.get(connector).unwrap().1.sent.lock().unwrap().drain(..).collect()
    }

    /// The questions that a connector was asked since the last call.
    pub(crate) fn queries(&self, connector: &str) -> Vec<(AttemptRef, String)> {
        let open = self.factory.open.lock().unwrap();
        open.get(connector).unwrap().1.queries.lock().unwrap().drain(..).collect()
    }

    /// The one message that a connector was handed since the last call.
    pub(crate) fn sent_one(&self, connector: &str) -> AttemptRef {
        let mut sent = self.sent(connector);
        assert_eq!(sent.len(), 1, "{connector}");
        sent.remove(0).attempt
    }

    pub(crate) async fn answer(
        &self,
        connector: &str,
        attempt: AttemptRef,
        verdict: Verdict,
        id: Option<&str>,
    ) {
        self.answer_part(connector, attempt, 1, 1, verdict, id).await;
    }

    pub(crate) async fn answer_part(
        &self,
        connector: &str,
        attempt: AttemptRef,
        part: u8,
        parts: u8,
        verdict: Verdict,
        id: Option<&str>,
    ) {
        let outcome = PartOutcome { part, ..self.outcome(verdict, id) };
        self.tell(connector, ChannelEvent::Outcome { attempt, outcome, parts }).await;
    }

    pub(crate) async fn receipt(&self, connector: &str, id: &str, state: ReceiptState) {
        self.receipt_for(connector, id, state, "447400123456").await;
    }

    pub(crate) async fn receipt_for(&self, connector: &str, id: &str, state: ReceiptState, number: &str) {
        let notice = self.notice(id, state, number);
        self.tell(connector, ChannelEvent::Receipt(notice)).await;
    }

    pub(crate) async fn receipt_of(&self, connector: &str, notice: ReceiptNotice) {
        self.tell(connector, ChannelEvent::Receipt(notice)).await;
    }

    pub(crate) async fn query_answer(
        &self,
        connector: &str,
        attempt: AttemptRef,
        state: Option<ReceiptState>,
    ) {
        self.tell(connector, ChannelEvent::QueryAnswer { attempt, state }).await;
    }

    pub(crate) fn draft(&self, text: &str) -> Draft {
        Draft {
            source: Address::from_text("ACME"),
            destination: Address::from_text("+447400123456"),
            content: Content::Text(text.into()),
            class: Some(Class::Transactional),
            traffic_type: String::new(),
            expires_at: None,
            send_at: None,
            time: types::quiet::RecipientTime::default(),
            client_reference: None,
            report: ReportWish::default(),
        }
    }

    /// Publishes other prices.
    pub(crate) async fn prices(&self, price: Vec<PrefixPrice>) {
        let book = PriceBook { name: "standard".into(), unit: Unit::EUR, price };
        self.core.change_prices(vec![book], "test", "").await.unwrap();
    }

    pub(crate) async fn submit(&self, drafts: Vec<Draft>) -> SubmitOutcome {
        self.submit_as(self.account().id, drafts).await
    }

    pub(crate) async fn submit_as(&self, account: AccountId, drafts: Vec<Draft>) -> SubmitOutcome {
        let submission = Submission {
            account,
            door: Door::Native,
            received_at: self.clock.now(),
            idempotency: None,
            drafts,
            guard_repeats: false,
            replaces: Vec::new(),
        };
        self.core.submit_and_wait(submission).await
    }

    /// Submits one text; gives its id.
    pub(crate) async fn send(&self, text: &str) -> MessageId {
        let accepted: Accepted = self.submit(vec![self.draft(text)]).await.unwrap();
        self.settle().await;
        accepted.messages[0].id
    }

    /// Submits one text to a number; gives its id.
    pub(crate) async fn send_to(&self, number: &str) -> MessageId {
        let draft = Draft { destination: Address::from_text(number), ..self.draft("hello") };
        let accepted: Accepted = self.submit(vec![draft]).await.unwrap();
        self.settle().await;
        accepted.messages[0].id
    }

    pub(crate) async fn message(&self, id: MessageId) -> MessageDetail {
        self.core.message(Scope::All, id).await.unwrap().unwrap()
    }

    pub(crate) async fn state(&self, id: MessageId) -> State {
        self.message(id).await.state
    }

    /// Available and held, in micro-units; checks on the way that the ledger balances.
    pub(crate) async fn balance(&self) -> (i64, i64) {
        assert_eq!(self.core.store_figures().await.unwrap().imbalance_micros, 0, "the ledger is off");
        let balance = self.core.balance(self.account().id).unwrap();
        (balance.available.micros, balance.held.micros)
    }

    /// Waits until the counts of the store are as wished.
    pub(crate) async fn until_figures(&self, met: impl Fn(&ports::store::StoreFigures) -> bool) {
        let wait = async {
            while !met(&self.core.store_figures().await.unwrap().store) {
                self.settle().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), wait).await.expect("the counts stay");
    }

    /// Waits until the courier has made `count` calls.
    pub(crate) async fn calls(&self, count: usize) -> Vec<(String, String)> {
        let wait = async {
            loop {
                if self.courier.calls.lock().unwrap().len() >= count {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), wait)
            .await
            .expect("the calls were not made");
        self.settle().await;
        self.courier.calls.lock().unwrap().clone()
    }
}
