//! A crash while a message is written: it is an answer like others, nothing of the message leaves, and the
//! link and every other message go on.

use std::sync::Arc;

use ports::channel::{Channel, ChannelFactory, ChannelSink, Dispatch};
use ports::conformance::channel::{Recorder, WINDOW, dispatch};
use serde_json::json;
use tokio::time::timeout;
use types::id::ConnectorId;
use types::receipt::Verdict;

use crate::peers::smsc::{Script, Smsc};
use crate::peers::supplier::Supplier;
use crate::peers::{LIMIT, TrippingClock, connector, factory_with};

struct Stage {
    channel: Arc<dyn Channel>,
    recorder: Arc<Recorder>,
    clock: Arc<TrippingClock>,
}

impl Stage {
    async fn open(kind: &str, options: serde_json::Value) -> Self {
        let (clock, recorder) = (TrippingClock::new(), Arc::new(Recorder::default()));
        let sink = Arc::clone(&recorder) as Arc<dyn ChannelSink>;
        let factory = factory_with(Arc::clone(&clock) as Arc<dyn ports::clock::Clock>);
        let channel = factory.open(ConnectorId(1), &connector(kind, options), sink).unwrap();
        timeout(LIMIT, recorder.until(|r| r.open_credit() >= u64::from(WINDOW))).await.unwrap();
        Self { channel, recorder, clock }
    }

    /// Sends a message whose writing crashes at its `question`-th look at the clock; zero for never.
    async fn send(&self, message: Dispatch, question: u64) -> Vec<(u8, Verdict)> {
        let attempt = message.attempt;
        let parts = usize::from(message.requests);
        self.clock.trip_at(question);
        self.recorder.count_sent(1);
        assert!(self.channel.send(vec![message]).is_ok());
        let of_it = |recorder: &Recorder| {
            let outcomes = recorder.outcomes().into_iter().filter(|(other, ..)| *other == attempt);
            let mut parts: Vec<_> = outcomes.map(|(_, outcome, _)| (outcome.part, outcome.verdict)).collect();
            parts.sort_unstable_by_key(|(part, _)| *part);
            parts
        };
        timeout(LIMIT, self.recorder.until(|recorder| of_it(recorder).len() == parts)).await.unwrap();
        of_it(&self.recorder)
    }
}

#[tokio::test]
async fn a_link_goes_on_after_a_message_that_crashes_it() {
    let smsc = Smsc::start(Script::default()).await;
    let options = crate::smpp::options(smsc.port, &json!({}));
    let stage = Stage::open("smpp", options).await;
    let message = |number: i64, text: &str| dispatch(stage.channel.as_ref(), number, text);
    // While it is brought into its form.
    assert_eq!(stage.send(message(1, "poison"), 1).await, [(1, Verdict::Crashed)]);
    assert_eq!(stage.send(message(2, "fine"), 0).await, [(1, Verdict::Accepted)]);
    // While its second part is written: the first and the third are taken.
    let long = "long text ".repeat(40);
    let parts = stage.send(message(3, &long), 3).await;
    assert_eq!(parts, [(1, Verdict::Accepted), (2, Verdict::Crashed), (3, Verdict::Accepted)]);
    assert_eq!(stage.send(message(4, "fine"), 0).await, [(1, Verdict::Accepted)]);
    assert_eq!(smsc.submits().len(), 4, "nothing of what crashed has left");
    assert!(smsc.submits().iter().all(|(connection, _)| *connection == 1), "the link was never lost");
    timeout(LIMIT, stage.recorder.until(|r| r.open_credit() >= u64::from(WINDOW))).await.unwrap();
    stage.channel.drain(1_000).await;
}

#[tokio::test]
async fn a_supplier_is_asked_for_the_next_message_after_one_that_crashes() {
    let supplier = Supplier::start().await;
    let options = json!({
        "url": format!("http://127.0.0.1:{}/send", supplier.port),
        "body": r#"{"to":"{to}","text":"{text}"}"#,
        "id_json": "/messages/0/id",
        "window": WINDOW,
    });
    let stage = Stage::open("http", options).await;
    let message = |number: i64| dispatch(stage.channel.as_ref(), number, "text");
    assert_eq!(stage.send(message(1), 1).await, [(1, Verdict::Crashed)]);
    assert_eq!(stage.send(message(2), 0).await, [(1, Verdict::Accepted)]);
    assert_eq!(supplier.requests().len(), 1);
    timeout(LIMIT, stage.recorder.until(|r| r.open_credit() >= u64::from(WINDOW))).await.unwrap();
    stage.channel.drain(1_000).await;
}
