//! Customers' listeners: webhook addresses that answer, fail, are slow, or are gone.

use std::sync::Arc;

use app::report::{Renderer, Report, ReportBody};
use ports::BoxFuture;
use ports::clock::Clock;
use ports::courier::{Answer, CALL_TIMEOUT_MS, Call, Courier, CourierError, Method};
use ports::phones::{Mail, Mailer};
use types::account::{Endpoint, EndpointKind};
use types::id::{EndpointId, RowKey};
use types::time::Timestamp;

use crate::chance::Chance;
use crate::ground::{Ground, Happening};
use crate::plan::Plan;
use crate::vitals::Vitals;

/// Milliseconds after which a customer switches an address on again that was gone.
const SWITCH_ON_MS: u64 = 1_800_000;

/// How a listener answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It takes everything.
    Good,
    /// It fails now and then.
    Flaky,
    /// It takes long, sometimes too long.
    Slow,
    /// It asks for patience.
    Busy,
    /// Nobody listens.
    Dead,
    /// It wants no more calls.
    Gone,
}

/// The listeners of all accounts, by the account's place.
pub(crate) struct Listeners {
    chance: Chance,
    moods: Vec<Mood>,
    first_is_deaf: bool,
}

/// What a listener does with a call.
struct Reaction {
    wait_ms: u64,
    takes: bool,
    answer: Result<(u16, Option<u32>), CourierError>,
}

/// The address of an account's listener.
pub(crate) fn address(account: usize) -> String {
    format!("https://listener{account}.example/")
}

fn account_of(address: &str) -> Option<usize> {
    address.strip_prefix("https://listener")?.strip_suffix(".example/")?.parse().ok()
}

impl Listeners {
    pub(crate) fn new(plan: &Plan, chance: Chance) -> Self {
        let mood = |account: u64| if account == 0 && plan.first_is_deaf { Mood::Dead } else { Mood::Good };
        let moods = (0..plan.accounts).map(mood).collect();
        Self { chance, moods, first_is_deaf: plan.first_is_deaf }
    }

    pub(crate) fn change_mood(&mut self) {
        let account = self.chance.below(u64::try_from(self.moods.len()).unwrap_or(0));
        let moods = [Mood::Flaky, Mood::Slow, Mood::Busy, Mood::Dead, Mood::Gone, Mood::Good];
        let mood = self.chance.pick(Mood::Good, &moods);
        let known = usize::try_from(account).ok().and_then(|account| self.moods.get_mut(account));
        if let Some(known) = known.filter(|_| account > 0 || !self.first_is_deaf) {
            *known = mood;
        }
    }

    pub(crate) fn calm_down(&mut self) {
        self.moods.fill(Mood::Good);
    }

    pub(crate) fn come_back(&mut self, account: usize) {
        let mood = self.moods.get_mut(account);
        if let Some(mood) = mood.filter(|mood| **mood == Mood::Gone) {
            *mood = Mood::Good;
        }
    }

    fn react(&mut self, account: usize) -> Reaction {
        let mood = self.moods.get(account).copied().unwrap_or(Mood::Good);
        let quick = self.chance.between(5, 300);
        let no_answer = || Err(CourierError::NoAnswer { reason: "timed out" });
        let taken = Reaction { wait_ms: quick, takes: true, answer: Ok((200, None)) };
        match mood {
            Mood::Good => taken,
            Mood::Flaky => match self.chance.below(4) {
                0 => Reaction { takes: false, answer: Ok((500, None)), ..taken },
                1 => Reaction { answer: no_answer(), ..taken },
                _ => taken,
            },
            Mood::Slow if self.chance.happens(200) => {
                Reaction { wait_ms: CALL_TIMEOUT_MS, takes: true, answer: no_answer() }
            }
            Mood::Slow => Reaction { wait_ms: self.chance.between(1_000, CALL_TIMEOUT_MS - 1), ..taken },
            Mood::Busy => {
                let status = self.chance.pick(429, &[503]);
                let retry_after_s = u32::try_from(self.chance.between(1, 600)).ok();
                Reaction { takes: false, answer: Ok((status, retry_after_s)), ..taken }
            }
            Mood::Dead => {
                let refused = CourierError::NotConnected { reason: "refused" };
                Reaction { takes: false, answer: Err(refused), ..taken }
            }
            Mood::Gone => Reaction { takes: false, answer: Ok((410, None)), ..taken },
        }
    }
}

/// Calls the listeners of one process.
pub(crate) struct SimCourier {
    pub(crate) ground: Arc<Ground>,
    pub(crate) vitals: Arc<Vitals>,
}

impl Courier for SimCourier {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, CourierError>> {
        Box::pin(async move {
            let event = read_call(&call);
            let account = account_of(call.url.expose());
            if !self.vitals.acts() || self.vitals.is_ghost() {
                std::future::pending::<()>().await;
            }
            let (Some((endpoint, event)), Some(account)) = (event, account) else {
                return Err(CourierError::Forbidden { reason: "not an address of the simulation" });
            };
            {
                let disk = self.ground.disk();
                self.ground.oracle().event_leaves(&disk.tables, endpoint, event, self.ground.now());
            }
            let reaction = self.ground.listeners().react(account);
            self.ground.clock.sleep(reaction.wait_ms).await;
            if !self.vitals.is_alive() {
                std::future::pending::<()>().await;
            }
            if reaction.takes && reaction.answer.is_ok() {
                self.ground.oracle().event_taken(event);
            } else {
                self.ground.oracle().event_failed(event, false);
            }
            if matches!(reaction.answer, Ok((410, _))) {
                self.ground.after(SWITCH_ON_MS, Happening::SwitchOn(account));
            }
            reaction.answer.map(|(status, retry_after_s)| Answer {
                status,
                retry_after_s,
                body: Vec::new().into(),
            })
        })
    }
}

/// Endpoint and event of a call, as [`PlainRenderer`] writes them.
fn read_call(call: &Call) -> Option<(EndpointId, RowKey)> {
    let text = String::from_utf8(call.body.expose().clone()).ok()?;
    let (endpoint, event) = text.split_once(' ')?;
    Some((EndpointId(endpoint.parse().ok()?), RowKey::from_i64(event.parse().ok()?)))
}

/// Writes events so that the simulation knows them again.
pub(crate) struct PlainRenderer;

impl Renderer for PlainRenderer {
    fn kind(&self) -> EndpointKind {
        EndpointKind::Webhook
    }

    fn render(&self, endpoint: &Endpoint, report: &Report, _now: Timestamp) -> Option<Call> {
        let (ReportBody::Message(_) | ReportBody::Inbound(_)) = &report.body;
        Some(Call {
            method: Method::Post,
            url: endpoint.url.clone(),
            headers: Vec::new(),
            body: format!("{} {}", endpoint.id.0, report.id.key().as_i64()).into_bytes().into(),
            allow_private: false,
            timeout_ms: CALL_TIMEOUT_MS,
        })
    }
}

/// Mail goes nowhere.
pub(crate) struct NoMail;

impl Mailer for NoMail {
    fn send(&self, _mail: Mail) {}
}
