//! Customers over HTTP: `POST /api/v1/messages` over connections that stay open, one request at a time each.
//!
//! A connection that is lost is not made again. Start at [`run`].

pub(super) mod exchange;

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use self::exchange::Connection;
use super::accounts::{self, Logins, Skew};
use super::customer::{CustomerOptions, Tally};
use super::peer;
use super::plan::Plan;
use super::text::{self, Recipients};
use crate::random::Random;

/// The status of a submission that was taken.
const ACCEPTED: u16 = 202;

/// Options of `http`.
#[derive(clap::Args, Debug)]
pub(super) struct HttpOptions {
    /// Where to send to.
    #[arg(long, value_name = "ADDR")]
    target: SocketAddr,
    #[command(flatten)]
    customers: CustomerOptions,
    /// How many of the accounts send.
    #[arg(long, default_value_t = 1)]
    senders: usize,
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 200)]
    connections: usize,
    /// Where to be told what becomes of the messages.
    #[arg(long, value_name = "URL")]
    callback: Option<String>,
}

/// What the connections share.
struct House {
    plan: Plan,
    target: SocketAddr,
    heads: Vec<String>,
    skew: Skew,
    random: RefCell<Random>,
    recipients: RefCell<Recipients>,
    text: String,
    callback: Option<String>,
    next: Cell<u64>,
    tally: RefCell<Tally>,
}

/// Sends as planned and tells the counts.
pub(super) async fn run(options: HttpOptions) -> anyhow::Result<()> {
    let logins = accounts::read(&options.customers.accounts, options.senders)?;
    let (random, recipients) = options.customers.chance();
    let house = Rc::new(House {
        plan: options.customers.plan(),
        target: options.target,
        heads: logins.iter().map(|logins| head(logins, options.target)).collect(),
        skew: Skew::new(logins.len()),
        random: RefCell::new(random),
        recipients: RefCell::new(recipients),
        text: text::body(),
        callback: options.callback,
        next: Cell::new(0),
        tally: RefCell::new(options.customers.tally()?),
    });
    let connections: Vec<_> = (0..options.connections)
        .map(|_| tokio::task::spawn_local(use_connection(Rc::clone(&house))))
        .collect();
    for connection in connections {
        connection.await.context("a connection failed")?;
    }
    peer::say(&house.tally.borrow_mut().summary(&house.plan)?);
    Ok(())
}

/// Sends over one connection until the planned end or its loss.
async fn use_connection(house: Rc<House>) {
    let plan = house.plan;
    let Ok(mut connection) = Connection::open(house.target).await else {
        house.tally.borrow_mut().links_lost += 1;
        return;
    };
    house.tally.borrow_mut().links += 1;
    loop {
        let number = house.next.replace(house.next.get() + 1);
        let due_us = plan.due_us(number);
        if let Some(due_us) = due_us
            && due_us > plan.now_us()
        {
            tokio::time::sleep_until(plan.instant(due_us)).await;
        }
        let begun_us = plan.now_us();
        if begun_us >= plan.end_us() {
            return;
        }
        let (request, recipient) = house.request();
        house.tally.borrow_mut().sent += 1;
        let Ok(answer) = connection.ask(&request).await else {
            house.tally.borrow_mut().links_lost += 1;
            return;
        };
        let mut tally = house.tally.borrow_mut();
        match id_of(answer.body) {
            Some(id) if answer.status == ACCEPTED => {
                tally.acknowledge(&plan, plan.now_us(), due_us.unwrap_or(begun_us), &id, &recipient);
                tally.flush();
            }
            _ => tally.refuse(&format!("{} {}", answer.status, code_of(answer.body))),
        }
    }
}

impl House {
    /// The next request and its recipient.
    fn request(&self) -> (Vec<u8>, String) {
        let sender = self.skew.draw(&mut self.random.borrow_mut());
        let recipient = self.recipients.borrow_mut().next();
        let mut body = json!({ "from": "Chappe", "to": recipient, "text": self.text });
        if let (Some(callback), Some(fields)) = (&self.callback, body.as_object_mut()) {
            fields.insert("callback_url".into(), callback.as_str().into());
        }
        let body = body.to_string();
        let head = self.heads.get(sender).map_or("", String::as_str);
        (format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes(), recipient)
    }
}

/// The head of every request of an account, but for its length.
fn head(logins: &Logins, target: SocketAddr) -> String {
    let pair = STANDARD.encode(format!("{}:{}", logins.key, logins.secret));
    format!(
        "POST /api/v1/messages HTTP/1.1\r\nhost: {target}\r\nauthorization: Basic {pair}\r\n\
         content-type: application/json\r\n"
    )
}

/// The id of the first message in an answer.
fn id_of(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("\"id\":\"")?;
    rest.split_once('"').map(|(id, _)| id.to_owned())
}

/// The stable code of a refusal.
fn code_of(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    value.get("code").and_then(|code| code.as_str()).unwrap_or("without a code").to_owned()
}

#[cfg(test)]
mod tests {
    use super::{code_of, id_of};

    #[test]
    fn answers_are_read() {
        let body = br#"{"submission_id":"sub_1","messages":[{"id":"msg_1","to":"1"},{"id":"msg_2"}]}"#;
        assert_eq!(id_of(body).as_deref(), Some("msg_1"));
        assert_eq!(id_of(b"{}"), None);
        assert_eq!(code_of(br#"{"code":"rate_limited","status":429}"#), "rate_limited");
        assert_eq!(code_of(b"no json"), "without a code");
    }
}
