//! What one seed is about: how big the house is, what may go wrong, and how often.
//!
//! Each kind of trouble is in some seeds and not in others, so that every mixture comes up, quiet ones
//! too. Start at [`Plan::of`].

use types::profile::TriggerKey;

use crate::chance::Chance;

/// Hours that a seed may be busy, drawn with these weights.
const BUSY_HOURS: [(u64, u64); 4] = [(5, 2), (4, 6), (2, 24), (1, 60)];

/// About how many requests a seed has at most.
const REQUESTS_MAX: u64 = 4_000;

/// How a carrier treats messages and receipts: so many of a thousand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Temper {
    /// Asked to slow down.
    pub(crate) throttled: u64,
    /// Cannot be taken now.
    pub(crate) transient: u64,
    /// Cannot be taken here.
    pub(crate) reroute: u64,
    /// Can be taken nowhere.
    pub(crate) permanent: u64,
    /// Lost before the carrier took it.
    pub(crate) lost_before: u64,
    /// Taken, and the answer is lost.
    pub(crate) lost_after: u64,
    /// Taken, and the answer comes after the channel's patience.
    pub(crate) late_answer: u64,
    /// No receipt ever.
    pub(crate) no_receipt: u64,
    /// The receipt comes before the answer.
    pub(crate) early_receipt: u64,
    /// The receipt comes hours or days later.
    pub(crate) long_receipt: u64,
    /// The receipt comes twice.
    pub(crate) twice: u64,
    /// A second receipt says something else.
    pub(crate) contradicts: u64,
    /// A receipt before the end.
    pub(crate) intermediate: u64,
    /// Receipts that are no delivery.
    pub(crate) undelivered: u64,
    /// The recipient is echoed in a form that cannot be read.
    pub(crate) strange_echo: u64,
    /// A question about a message is answered with "unknown" although it was taken.
    pub(crate) forgets: u64,
}

/// Mean milliseconds between troubles of each kind; zero for never.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Troubles {
    /// The process is killed.
    pub(crate) crash_ms: u64,
    /// A link breaks.
    pub(crate) link_ms: u64,
    /// A carrier is away for a while.
    pub(crate) outage_ms: u64,
    /// A carrier begins its ids anew.
    pub(crate) ids_anew_ms: u64,
    /// The disk is full for a while.
    pub(crate) disk_ms: u64,
    /// The routes change.
    pub(crate) routes_ms: u64,
    /// The wall clock jumps ahead.
    pub(crate) jump_ms: u64,
    /// A listener changes its mood.
    pub(crate) listener_ms: u64,
    /// A bind comes or goes.
    pub(crate) bind_ms: u64,
    /// Of a thousand commits, how many are not written.
    pub(crate) not_written: u64,
}

/// Everything that the seed decides before the first event.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// How long the house is busy, milliseconds.
    pub(crate) busy_ms: u64,
    pub(crate) accounts: u64,
    pub(crate) connectors: u64,
    pub(crate) links: u64,
    pub(crate) window: u32,
    /// Recipients in all: few let several messages be on their way to one phone.
    pub(crate) recipients: u64,
    /// Mean milliseconds between requests of an account.
    pub(crate) request_ms: u64,
    /// Requests that come at once, now and then.
    pub(crate) burst: u64,
    /// Whether submissions have more than a thousand recipients now and then.
    pub(crate) long: bool,
    /// The longest way of a request to a carrier or back, milliseconds.
    pub(crate) latency_ms: u64,
    /// How long a channel waits for an answer.
    pub(crate) answer_ms: u64,
    /// How often the engine is held up, of a thousand turns.
    pub(crate) held_up: u64,
    pub(crate) trigger: TriggerKey,
    /// `prefer_no_duplicate`, `prefer_delivery`, `ask_peer`, or none to go by class.
    pub(crate) on_unknown: Option<&'static str>,
    /// Whether receipts that are no delivery lead to the next connector.
    pub(crate) reroutes: bool,
    /// Seconds of patience for a receipt.
    pub(crate) patience_s: Option<u32>,
    /// The first account's listener is dead from the beginning until everything comes to rest.
    pub(crate) first_is_deaf: bool,
    /// What an account is given at the beginning and at each top-up, in cents.
    pub(crate) grant_cents: u64,
    pub(crate) temper: Temper,
    pub(crate) troubles: Troubles,
    /// Draws for what happens while the seed runs.
    pub(crate) chance: Chance,
}

impl Plan {
    /// The plan of a seed, with other hours or another number of requests than usual when given.
    pub(crate) fn of(seed: u64, hours: Option<u64>, requests: Option<u64>) -> Self {
        let mut chance = Chance::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x5bf0_3635);
        let drawn = chance.draw(&BUSY_HOURS, 2);
        let busy_ms = hours.unwrap_or(drawn).saturating_mul(3_600_000);
        let temper = temper(&mut chance);
        let troubles = troubles(&mut chance);
        let accounts = chance.between(1, 4);
        Self {
            seed,
            busy_ms,
            accounts,
            connectors: chance.between(1, 3),
            links: chance.between(1, 2),
            window: u32::try_from(chance.pick(1, &[2, 5, 10, 50])).unwrap_or(1),
            recipients: chance.pick(3, &[20, 100, 1_000]),
            request_ms: chance
                .pick(4_000, &[12_000, 40_000, 90_000])
                .max(busy_ms.saturating_mul(accounts).div_euclid(requests.unwrap_or(REQUESTS_MAX).max(1))),
            burst: chance.pick(0, &[5, 40, 200]),
            long: chance.happens(150),
            latency_ms: chance.pick(5, &[80, 400, 3_000]),
            answer_ms: chance.pick(10_000, &[30_000, 60_000]),
            held_up: chance.pick(0, &[50, 300]),
            trigger: chance.pick(TriggerKey::OnAccept, &[TriggerKey::OnTransmit, TriggerKey::OnDelivery]),
            on_unknown: chance
                .pick(None, &[Some("prefer_no_duplicate"), Some("prefer_delivery"), Some("ask_peer")]),
            reroutes: chance.happens(400),
            patience_s: chance.pick(None, &[None, None, Some(60), Some(900)]),
            first_is_deaf: chance.happens(80),
            grant_cents: chance.pick(200, &[5_000, 1_000_000, 1_000_000]),
            temper,
            troubles,
            chance: chance.fork(),
        }
    }
}

fn temper(chance: &mut Chance) -> Temper {
    let mut some = |most: u64| if chance.happens(450) { chance.between(1, most) } else { 0 };
    Temper {
        throttled: some(250),
        transient: some(120),
        reroute: some(80),
        permanent: some(60),
        lost_before: some(60),
        lost_after: some(60),
        late_answer: some(60),
        no_receipt: some(150),
        early_receipt: some(300),
        long_receipt: some(80),
        twice: some(200),
        contradicts: some(100),
        intermediate: some(400),
        undelivered: some(250),
        strange_echo: some(80),
        forgets: some(200),
    }
}

fn troubles(chance: &mut Chance) -> Troubles {
    const MINUTE_MS: u64 = 60_000;
    let mut every = |low: u64, high: u64| {
        if chance.happens(500) { chance.between(low * MINUTE_MS, high * MINUTE_MS) } else { 0 }
    };
    let troubles = Troubles {
        crash_ms: every(8, 200),
        link_ms: every(2, 60),
        outage_ms: every(20, 400),
        ids_anew_ms: every(30, 400),
        disk_ms: every(15, 300),
        routes_ms: every(10, 200),
        jump_ms: every(30, 600),
        listener_ms: every(5, 120),
        bind_ms: every(2, 60),
        not_written: 0,
    };
    let not_written = if chance.happens(300) { chance.between(1, 40) } else { 0 };
    Troubles { not_written, ..troubles }
}
