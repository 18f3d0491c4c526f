//! Customers: what they ask for, again and again until they are answered.
//!
//! Every request is kept with its answers for the judge. Start at [`Customers::make`].

use std::collections::BTreeMap;
use std::sync::Arc;

use app::submission::{Accepted, Idempotency, Rejected, ReplySink, ReplyTo, Submission, SubmitOutcome};
use ports::clock::Clock;
use types::account::Account;
use types::address::Address;
use types::id::{AccountId, EndpointId};
use types::message::{Class, Content, Door, Draft, ReportWish};
use types::refusal::RefusalCode;
use types::time::Timestamp;

use crate::chance::Chance;
use crate::ground::{Ground, Happening, Reply};
use crate::oracle::Asked;
use crate::plan::Plan;
use crate::vitals::Vitals;

/// How often a request is made again at most.
const TRIES_MAX: u32 = 12;
/// How long a customer waits for an answer, milliseconds.
const PATIENCE_MS: u64 = 30_000;
const MINUTE_MS: i64 = 60_000;

/// An account with where its events are told.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) account: AccountId,
    pub(crate) webhook: Option<EndpointId>,
    pub(crate) smpp: Option<EndpointId>,
}

/// A request under way.
struct Request {
    asked: Asked,
    submission: Submission,
    tries: u32,
    done: bool,
}

/// All customers of a seed.
pub(crate) struct Customers {
    chance: Chance,
    recipients: u64,
    long: bool,
    pub(crate) customers: Vec<Customer>,
    requests: Vec<Request>,
    /// Tries without an answer: their request.
    waiting: BTreeMap<u64, usize>,
    last_token: u64,
}

/// Where answers to submissions arrive.
pub(crate) struct Desk {
    pub(crate) ground: Arc<Ground>,
    pub(crate) vitals: Arc<Vitals>,
}

impl ReplySink for Desk {
    fn reply(&self, token: u64, outcome: SubmitOutcome) {
        // The process may die before the answer is out.
        if self.vitals.acts() && !self.vitals.is_ghost() {
            self.ground.reply(Reply::Submission(token, outcome));
        }
    }
}

/// What follows an answer.
pub(crate) enum Next {
    Nothing,
    /// Money is needed.
    TopUp(usize),
}

impl Customers {
    pub(crate) fn new(plan: &Plan, chance: Chance) -> Self {
        Self {
            chance,
            recipients: plan.recipients,
            long: plan.long,
            customers: Vec::new(),
            requests: Vec::new(),
            waiting: BTreeMap::new(),
            last_token: 0,
        }
    }

    pub(crate) fn welcome(
        &mut self,
        account: &Account,
        webhook: Option<EndpointId>,
        smpp: Option<EndpointId>,
    ) {
        self.customers.push(Customer { account: account.id, webhook, smpp });
    }

    /// A new request of a customer; gives its number.
    pub(crate) fn make(&mut self, customer: usize, now: Timestamp) -> Option<usize> {
        let who = self.customers.get(customer)?.clone();
        let number = self.requests.len();
        let tag = format!("r{number}");
        let long = self.long && self.chance.happens(1);
        let messages = if long {
            self.chance.between(1_001, 2_300)
        } else if self.chance.happens(150) {
            self.chance.between(2, 12)
        } else {
            1
        };
        let template = self.template(&who, &tag, now);
        let drafts: Vec<Draft> = (0..messages).map(|_| self.addressed(&template)).collect();
        let has_key = self.chance.happens(650);
        let mut fingerprint = [0; 32];
        fingerprint.iter_mut().zip(tag.bytes()).for_each(|(to, from)| *to = from);
        let idempotency = has_key.then(|| Idempotency { key: tag.clone(), fingerprint });
        let asked = Asked {
            tag,
            account: who.account,
            messages: drafts.len(),
            has_key,
            answers: Vec::new(),
            lost: 0,
        };
        let submission = Submission {
            account: who.account,
            door: Door::Native,
            received_at: now,
            idempotency,
            drafts,
            guard_repeats: false,
            replaces: Vec::new(),
        };
        self.requests.push(Request { asked, submission, tries: 0, done: false });
        Some(number)
    }

    fn template(&mut self, who: &Customer, tag: &str, now: Timestamp) -> Draft {
        let chance = &mut self.chance;
        let text_parts = chance.draw(&[(80, 1_usize), (15, 2), (5, 4)], 1);
        let scheduled = chance.happens(100);
        let minutes =
            |chance: &mut Chance, most: u64| i64::try_from(chance.between(1, most)).unwrap_or(1) * MINUTE_MS;
        let send_at = scheduled.then(|| now.plus_ms(minutes(chance, 300)));
        let validity_ms = if chance.happens(250) { Some(minutes(chance, 600)) } else { None };
        let endpoint = match chance.below(3) {
            0 => None,
            1 => who.webhook,
            _ => who.smpp,
        };
        Draft {
            source: Address::from_text("ACME"),
            destination: Address::default(),
            content: Content::Text(format!("{tag} {}", "x".repeat(150 * text_parts - 40))),
            class: chance.pick(None, &[Some(Class::OneTime), Some(Class::Transactional), Some(Class::Bulk)]),
            traffic_type: tag.to_owned(),
            expires_at: validity_ms.map(|ms| send_at.unwrap_or(now).plus_ms(ms)),
            send_at,
            time: types::quiet::RecipientTime::default(),
            client_reference: Some(tag.to_owned()),
            report: ReportWish {
                endpoint,
                steps: chance.happens(400),
                failures_only: chance.happens(100),
                successes_only: false,
            },
        }
    }

    fn addressed(&mut self, template: &Draft) -> Draft {
        let number = 447_400_000_000 + self.chance.below(self.recipients);
        Draft { destination: Address::from_text(&format!("+{number}")), ..template.clone() }
    }

    /// A phone that may write: one of those that are written to.
    pub(crate) fn phone(&mut self) -> Address {
        Address::from_text(&format!("+{}", 447_400_000_000 + self.chance.below(self.recipients)))
    }

    /// Hands a request in, for the first time or once more.
    pub(crate) fn hand_in(&mut self, number: usize, core: &app::Core, desk: &Arc<Desk>) {
        let Some(request) = self.requests.get_mut(number).filter(|request| !request.done) else { return };
        request.tries += 1;
        self.last_token += 1;
        self.waiting.insert(self.last_token, number);
        desk.ground.oracle().count("submissions");
        desk.ground.after(PATIENCE_MS, Happening::GivesUp(self.last_token));
        let sink: Arc<dyn ReplySink> = Arc::clone(desk) as Arc<dyn ReplySink>;
        let submission = Submission { received_at: desk.ground.clock.now(), ..request.submission.clone() };
        core.submit(submission, ReplyTo::Sink(sink, self.last_token));
    }

    /// No answer came in time: the customer asks again, if that is harmless or does not matter.
    pub(crate) fn gives_up(&mut self, token: u64, ground: &Ground) {
        let Some(number) = self.waiting.remove(&token) else { return };
        if let Some(request) = self.requests.get_mut(number) {
            request.asked.lost += 1;
        }
        self.again(number, ground);
    }

    /// The service could not be reached.
    pub(crate) fn again(&mut self, number: usize, ground: &Ground) {
        let Some(request) = self.requests.get_mut(number) else { return };
        if request.tries >= TRIES_MAX || request.done {
            request.done = true;
            return;
        }
        let wait_ms = self.chance.between(200, 20_000);
        ground.after(wait_ms, Happening::Again(number));
    }

    /// An answer to a try.
    pub(crate) fn answered(&mut self, token: u64, outcome: SubmitOutcome, ground: &Ground) -> Next {
        let Some(number) = self.waiting.remove(&token) else { return Next::Nothing };
        match outcome {
            Ok(accepted) => self.accepted(number, accepted, ground),
            Err(rejected) => return self.rejected(number, &rejected, ground),
        }
        Next::Nothing
    }

    fn accepted(&mut self, number: usize, accepted: Accepted, ground: &Ground) {
        let Some(request) = self.requests.get_mut(number) else { return };
        ground.oracle().count("accepted");
        check_kept(&accepted, ground);
        let withdrawn = accepted.messages.first().map(|message| message.id);
        request.asked.answers.push(accepted);
        // Some ask once more although they were answered.
        request.done = !(request.asked.has_key && self.chance.happens(100));
        let asks_again = !request.done;
        let account = request.asked.account;
        if asks_again {
            self.again(number, ground);
        }
        if let Some(id) = withdrawn.filter(|_| self.chance.happens(50)) {
            ground.after(self.chance.between(0, 20_000), Happening::Withdraw(account, id));
        }
    }

    fn rejected(&mut self, number: usize, rejected: &Rejected, ground: &Ground) -> Next {
        let code = rejected.first().map(|refusal| refusal.code);
        let Some(request) = self.requests.get_mut(number) else { return Next::Nothing };
        match code {
            Some(RefusalCode::InsufficientBalance) => {
                request.done = true;
                ground.oracle().count("out_of_balance");
                let account = request.asked.account;
                let place = self.customers.iter().position(|customer| customer.account == account);
                return place.map_or(Next::Nothing, Next::TopUp);
            }
            Some(RefusalCode::Unavailable | RefusalCode::RateLimited | RefusalCode::IdempotencyInFlight) => {
                ground.oracle().count("unavailable");
                self.again(number, ground);
            }
            _ => {
                request.done = true;
                ground.oracle().count("refused");
            }
        }
        Next::Nothing
    }

    /// The process has gone: what waits for an answer gets none.
    pub(crate) fn lose_answers(&mut self, ground: &Ground) {
        let tokens: Vec<u64> = self.waiting.keys().copied().collect();
        for token in tokens {
            self.gives_up(token, ground);
        }
    }

    /// Everything that was asked, for the judge.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.requests.iter().map(|request| request.asked.clone()).collect()
    }
}

/// What a customer is told is on disk.
fn check_kept(accepted: &Accepted, ground: &Ground) {
    let disk = ground.disk();
    let missing = accepted.messages.iter().filter(|message| {
        let kept = disk.tables.kept(message.id.key()).map(|kept| &kept.message.facts);
        kept.is_none_or(|facts| {
            ports::store::message_id(facts) != message.id || disk.tables.staged.contains(&facts.submission)
        })
    });
    let missing = missing.count();
    if missing > 0 {
        let detail = format!("{missing} messages of {:?}", accepted.id);
        ground.oracle().broken("what was acknowledged is on disk", detail);
    }
}
