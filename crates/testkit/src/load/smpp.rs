//! Customers over SMPP: one session each, sending as planned, counting answers and receipts.
//!
//! A driver decides who sends next and a task per session reads. A link that is lost is not made again: what
//! it had in hand was not promised. Start at [`run`].

mod receipts;
mod session;

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::sync::Notify;

use self::receipts::Receipts;
use self::session::Session;
use super::accounts::{self, Logins, Skew};
use super::customer::{CustomerOptions, Tally};
use super::plan::Plan;
use super::{peer, smpp, text};

/// Binds that are under way at once.
const BINDS_AT_ONCE: usize = 16;
/// How often the driver looks whether messages are due.
const TICK: Duration = Duration::from_millis(1);
/// How often the end of a run is looked for.
const LOOK: Duration = Duration::from_millis(20);
/// Draws for a session with room before the driver waits for answers.
const DRAWS_MAX: usize = 16;

/// Options of `smpp`.
#[derive(clap::Args, Debug)]
pub(super) struct SmppOptions {
    /// Where to bind; several share the sessions.
    #[arg(long, value_name = "ADDR", value_delimiter = ',', required = true)]
    target: Vec<SocketAddr>,
    #[command(flatten)]
    customers: CustomerOptions,
    /// Sessions, one for each of the first accounts.
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// Unanswered messages of one session.
    #[arg(long, default_value_t = 200)]
    window: usize,
    /// Unanswered messages of all sessions.
    #[arg(long, default_value_t = 2_000)]
    in_flight: usize,
    /// Ask for no receipts.
    #[arg(long)]
    no_receipts: bool,
    /// Count a message's time from when it was sent and not from when it was due, which the timer of this process
    /// hits to a millisecond. For messages that are alone on their way.
    #[arg(long)]
    lone: bool,
    /// How long to wait for receipts without any progress.
    #[arg(long, default_value_t = 10)]
    settle_seconds: u64,
}

/// What driver and sessions share.
struct House {
    plan: Cell<Plan>,
    window: usize,
    wants_receipts: bool,
    body: Vec<u8>,
    tally: RefCell<Tally>,
    receipts: RefCell<Receipts>,
    in_flight: Cell<usize>,
    links_up: Cell<usize>,
    /// An answer has come.
    room: Notify,
}

/// Binds, sends, waits for what is outstanding and tells the counts.
pub(super) async fn run(options: SmppOptions) -> anyhow::Result<()> {
    let logins = accounts::read(&options.customers.accounts, options.connections)?;
    let house = Rc::new(House {
        plan: Cell::new(options.customers.plan()),
        window: options.window,
        wants_receipts: !options.no_receipts,
        body: text::body().into_bytes(),
        tally: RefCell::new(options.customers.tally()?),
        receipts: RefCell::new(Receipts::of(options.customers.plan().messages())),
        in_flight: Cell::new(0),
        links_up: Cell::new(0),
        room: Notify::new(),
    });
    let sessions = bind_all(&house, logins, &options.target).await?;
    let plan = options.customers.plan();
    house.plan.set(plan);
    for session in &sessions {
        tokio::task::spawn_local(Rc::clone(session).read_on(Rc::clone(&house)));
    }
    drive(&house, &sessions, &options).await;
    settle(&house, Duration::from_secs(options.settle_seconds)).await;
    let mut summary = house.tally.borrow_mut().summary(&plan)?;
    if let Some(fields) = summary.as_object_mut() {
        fields.insert("receipts".into(), house.receipts.borrow_mut().summary());
    }
    peer::say(&summary);
    Ok(())
}

async fn bind_all(
    house: &Rc<House>,
    logins: Vec<Logins>,
    targets: &[SocketAddr],
) -> anyhow::Result<Vec<Rc<Session>>> {
    let mut sessions = Vec::with_capacity(logins.len());
    let mut waiting = logins.into_iter().zip(targets.iter().copied().cycle());
    loop {
        let binds: Vec<_> = waiting
            .by_ref()
            .take(BINDS_AT_ONCE)
            .map(|(logins, target)| {
                tokio::task::spawn_local(async move { smpp::session::bind(&logins, target).await })
            })
            .collect();
        if binds.is_empty() {
            break;
        }
        for bind in binds {
            sessions.push(Rc::new(bind.await?.context("a session was not bound")?));
        }
    }
    house.links_up.set(sessions.len());
    house.tally.borrow_mut().links = u64::try_from(sessions.len()).unwrap_or(u64::MAX);
    if sessions.is_empty() {
        bail!("there is no session");
    }
    Ok(sessions)
}

/// Sends until the planned end or the loss of all links.
async fn drive(house: &Rc<House>, sessions: &[Rc<Session>], options: &SmppOptions) {
    let plan = house.plan.get();
    let skew = Skew::new(sessions.len());
    let (mut random, mut recipients) = options.customers.chance();
    let mut number = 0;
    let mut dirty = Vec::new();
    while plan.now_us() < plan.end_us() && house.links_up.get() > 0 && !plan.is_beyond(number) {
        let now_us = plan.now_us();
        let may_send = |number| {
            let is_due = plan.due_us(number).is_none_or(|due| due <= now_us);
            is_due && house.in_flight.get() < options.in_flight && !plan.is_beyond(number)
        };
        while may_send(number) {
            let drawn = (0..DRAWS_MAX).find_map(|_| {
                let place = skew.draw(&mut random);
                sessions.get(place).filter(|session| session.has_room(house)).map(|session| (place, session))
            });
            let Some((place, session)) = drawn else { break };
            let due_us = plan.due_us(number).filter(|_| !options.lone);
            session.submit(house, due_us.unwrap_or(now_us), &recipients.next());
            dirty.push(place);
            number += 1;
        }
        dirty.sort_unstable();
        dirty.dedup();
        for session in dirty.drain(..).filter_map(|place| sessions.get(place)) {
            session.flush(house);
        }
        match plan.due_us(number) {
            Some(due_us) if due_us > now_us => {
                tokio::time::sleep_until(plan.instant(due_us)).await;
            }
            _ => {
                tokio::select! {
                    () = house.room.notified() => {}
                    () = tokio::time::sleep(TICK) => {}
                }
            }
        }
    }
}

/// Waits for answers and receipts as long as they keep coming.
async fn settle(house: &House, patience: Duration) {
    let mut seen = (0, 0);
    let mut since = tokio::time::Instant::now();
    loop {
        let (answered, told) = (house.tally.borrow().answered(), house.receipts.borrow().matched());
        let complete = house.in_flight.get() == 0
            && (!house.wants_receipts || told == house.tally.borrow().acknowledged());
        if complete || house.links_up.get() == 0 {
            return;
        }
        if seen != (answered, told) {
            seen = (answered, told);
            since = tokio::time::Instant::now();
        } else if since.elapsed() >= patience {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::plan::Rate;
    use super::SmppOptions;

    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        options: SmppOptions,
    }

    #[test]
    fn targets_and_rates_are_read_as_typed() {
        let parse = |rate: &str| {
            let words = ["x", "--target", "127.0.0.1:1,127.0.0.1:2", "--accounts", "a", "--rate", rate];
            Cli::try_parse_from(words).map(|cli| cli.options)
        };
        let options = parse("500").unwrap();
        assert_eq!((options.target.len(), options.customers.rate), (2, Rate::PerSecond(500)));
        assert_eq!(parse("max").unwrap().customers.rate, Rate::Max);
        assert!(parse("fast").is_err());
    }
}
