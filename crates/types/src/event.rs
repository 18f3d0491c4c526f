//! What events tell of, and which of them an endpoint wants to hear.
//!
//! It tells nothing. Start at [`EventTypes`].

use crate::message::State;

/// States of which customers are told.
const TOLD: [State; 11] = [
    State::Submitted,
    State::Unknown,
    State::Delivered,
    State::Undelivered,
    State::Expired,
    State::Rejected,
    State::Deleted,
    State::Failed,
    State::Cancelled,
    State::Unconfirmed,
    State::NoReport,
];
/// The name of what a phone wrote.
const INBOUND: &str = "inbound.received";
/// The bit of what a phone wrote; those below it are the codes of states.
const INBOUND_BIT: u32 = 31;

/// What one event tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// A message came to a state.
    Message(State),
    /// A phone wrote.
    Inbound,
}

impl EventType {
    /// Every type, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        TOLD.into_iter().map(Self::Message).chain([Self::Inbound])
    }

    /// The name outside, e.g. `message.delivered`.
    pub fn name(self) -> String {
        match self {
            Self::Message(state) => format!("message.{state}"),
            Self::Inbound => INBOUND.to_owned(),
        }
    }

    /// The type of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|known| known.name() == name)
    }

    const fn bit(self) -> u32 {
        match self {
            Self::Message(state) => 1 << state.code(),
            Self::Inbound => 1 << INBOUND_BIT,
        }
    }
}

/// The types of events that an endpoint wants to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTypes(u32);

impl EventTypes {
    /// Every type, those of later versions too.
    pub const ALL: Self = Self(u32::MAX);

    /// Whether an event of this type is wanted.
    pub const fn wants(self, event: EventType) -> bool {
        self.0 & event.bit() != 0
    }

    /// The number in the store.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The types of a stored number.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Each of them; `None` for every type.
    pub fn listed(self) -> Option<impl Iterator<Item = EventType>> {
        (self != Self::ALL).then(|| EventType::all().filter(move |event| self.wants(*event)))
    }
}

impl FromIterator<EventType> for EventTypes {
    fn from_iter<I: IntoIterator<Item = EventType>>(events: I) -> Self {
        Self(events.into_iter().fold(0, |bits, event| bits | event.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::{EventType, EventTypes};
    use crate::message::State;

    #[test]
    fn names_lead_back_and_sets_hold_what_was_put_in() {
        for event in EventType::all() {
            assert_eq!(EventType::parse(&event.name()), Some(event));
            let one: EventTypes = [event].into_iter().collect();
            assert!(EventType::all().all(|other| one.wants(other) == (other == event)), "{event:?}");
            assert_eq!(one.listed().unwrap().collect::<Vec<_>>(), [event]);
            assert_eq!(EventTypes::from_bits(one.bits()), one);
            assert!(EventTypes::ALL.wants(event));
        }
        assert!(EventTypes::ALL.listed().is_none());
        for name in ["", "message", "message.", "message.queued", "message.*", "inbound", "MESSAGE.DELIVERED"]
        {
            assert_eq!(EventType::parse(name), None, "{name}");
        }
        let told =
            EventType::all().filter(|event| matches!(event, EventType::Message(state) if state.is_final()));
        assert_eq!(told.count(), State::ALL.iter().filter(|state| state.is_final()).count());
    }
}
