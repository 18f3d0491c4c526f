//! Customers over HTTP: submissions in one of the dialects over connections that stay open, one request at a time
//! each.
//!
//! A connection that is lost is not made again. Start at [`run`].

mod dialect;
pub(super) mod exchange;

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

use anyhow::Context as _;

use self::dialect::{Dialect, Wishes};
use self::exchange::Connection;
use super::accounts::{self, Skew};
use super::customer::{CustomerOptions, Tally};
use super::peer;
use super::plan::Plan;
use super::text::{self, Recipients};
use crate::random::Random;

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
    /// How requests are written.
    #[arg(long, value_enum, default_value = "native")]
    dialect: Dialect,
    /// Recipients of each request.
    #[arg(long, default_value_t = 1)]
    recipients: usize,
    #[command(flatten)]
    wishes: Wishes,
}

/// What the connections share.
struct House {
    plan: Plan,
    target: SocketAddr,
    dialect: Dialect,
    recipients_each: usize,
    wishes: Wishes,
    heads: Vec<String>,
    skew: Skew,
    random: RefCell<Random>,
    recipients: RefCell<Recipients>,
    text: String,
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
        dialect: options.dialect,
        recipients_each: options.recipients.max(1),
        wishes: options.wishes,
        heads: logins.iter().map(|logins| options.dialect.head(logins, options.target)).collect(),
        skew: Skew::new(logins.len()),
        random: RefCell::new(random),
        recipients: RefCell::new(recipients),
        text: text::body(),
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
        if begun_us >= plan.end_us() || plan.is_beyond(number.saturating_mul(house.recipients_each as u64)) {
            return;
        }
        let (request, recipients) = house.request();
        house.tally.borrow_mut().sent += recipients.len() as u64;
        let Ok(answer) = connection.ask(&request).await else {
            house.tally.borrow_mut().links_lost += 1;
            return;
        };
        let mut tally = house.tally.borrow_mut();
        let ids = house.dialect.ids(&answer);
        if ids.len() != recipients.len() {
            let reason = house.dialect.refusal(&answer);
            recipients.iter().for_each(|_| tally.refuse(&reason));
            continue;
        }
        for (id, recipient) in ids.into_iter().zip(&recipients) {
            tally.acknowledge(&plan, plan.now_us(), due_us.unwrap_or(begun_us), id, recipient);
        }
        tally.flush();
    }
}

impl House {
    /// The next request and its recipients.
    fn request(&self) -> (Vec<u8>, Vec<String>) {
        let sender = self.skew.draw(&mut self.random.borrow_mut());
        let mut numbers = self.recipients.borrow_mut();
        let recipients: Vec<String> = (0..self.recipients_each).map(|_| numbers.next()).collect();
        let head = self.heads.get(sender).map_or("", String::as_str);
        (self.dialect.request(head, &recipients, &self.text, &self.wishes), recipients)
    }
}
