//! The marks of states: five hues, each with a word and a shape, and the telegraph whose arms show
//! the hue.

use app::ConnectorView;
use types::message::State;

use super::Piece;

/// The five hues of states. Their colours and shapes stand in the style sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hue {
    Waiting,
    Moving,
    Done,
    Doubtful,
    Failed,
}

impl Hue {
    /// The class in the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Moving => "moving",
            Self::Done => "done",
            Self::Doubtful => "doubtful",
            Self::Failed => "failed",
        }
    }

    /// The hue of a message's state.
    pub(crate) const fn of(state: State) -> Self {
        match state {
            State::Accepted | State::Scheduled | State::Queued => Self::Waiting,
            State::Sending | State::Submitted => Self::Moving,
            State::Delivered => Self::Done,
            State::Unknown | State::Unconfirmed | State::NoReport => Self::Doubtful,
            State::Undelivered
            | State::Expired
            | State::Rejected
            | State::Deleted
            | State::Failed
            | State::Cancelled => Self::Failed,
        }
    }
}

/// The word of a state.
pub(crate) const fn word(state: State) -> &'static str {
    match state {
        State::Accepted => "Accepted",
        State::Scheduled => "Scheduled",
        State::Queued => "Queued",
        State::Sending => "Sending",
        State::Unknown => "Unknown",
        State::Submitted => "Submitted",
        State::Delivered => "Delivered",
        State::Undelivered => "Undelivered",
        State::Expired => "Expired",
        State::Rejected => "Rejected",
        State::Deleted => "Deleted",
        State::Failed => "Failed",
        State::Cancelled => "Cancelled",
        State::Unconfirmed => "Unconfirmed",
        State::NoReport => "No report",
    }
}

/// What a state means, in a sentence.
pub(crate) const fn meaning(state: State) -> &'static str {
    match state {
        State::Accepted => "It is on stable storage; nothing was decided yet.",
        State::Scheduled => "It waits for the time it was asked to be sent at.",
        State::Queued => "It waits for a connector that can take it.",
        State::Sending => "It is being written to a carrier.",
        State::Unknown => "It was written, or perhaps written; nobody knows yet whether the carrier has it.",
        State::Submitted => "The carrier took it and gave it an id. A receipt should follow.",
        State::Delivered => "The carrier's receipt says that it reached the phone.",
        State::Undelivered => "The carrier's receipt says that it did not reach the phone.",
        State::Expired => "Its validity ended before it could be delivered.",
        State::Rejected => "The carrier took it and then refused it.",
        State::Deleted => "The carrier removed it.",
        State::Failed => "No route took it.",
        State::Cancelled => "It was withdrawn before it was sent.",
        State::Unconfirmed => "Nobody knows whether it was sent, and it will not be sent again.",
        State::NoReport => {
            "The carrier took it, and no receipt came in time. A late one may still change this."
        }
    }
}

/// The mark of a message's state: shape and word.
pub(crate) fn mark(state: State) -> Piece {
    labelled(Hue::of(state), word(state))
}

/// The mark of a connector.
pub(crate) fn connector_mark(connector: &ConnectorView) -> Piece {
    let status = &connector.status;
    let (hue, word) = match () {
        () if connector.disabled => (Hue::Waiting, "Off"),
        () if status.bound_to_self.is_some() => (Hue::Failed, "Bound to itself"),
        () if status.links_up == 0 => (Hue::Failed, "Down"),
        () if status.links_up < status.links => (Hue::Doubtful, "Partly up"),
        () => (Hue::Done, "Up"),
    };
    labelled(hue, word)
}

fn labelled(hue: Hue, word: &'static str) -> Piece {
    Piece(format!("<span class=\"state {}\">{word}</span>", hue.class()))
}

/// The telegraph with its arms set for a hue: a regulator bar and two indicators on a mast.
pub(crate) fn mast(hue: Hue) -> Piece {
    // Degrees of the bar, and of the left and right indicator against it.
    let (bar, left, right) = match hue {
        Hue::Waiting => (0, 90, 90),
        Hue::Moving => (-20, 60, -120),
        Hue::Done => (-45, -45, 135),
        Hue::Doubtful => (20, 0, 180),
        Hue::Failed => (45, 180, 0),
    };
    Piece(format!(
        "<svg class=\"mast {}\" viewBox=\"0 0 48 48\" aria-hidden=\"true\" focusable=\"false\">\
         <path d=\"M24 46V20\"/><g transform=\"rotate({bar} 24 20)\"><path d=\"M10 20H38\"/>\
         <path d=\"M10 20V10\" transform=\"rotate({left} 10 20)\"/>\
         <path d=\"M38 20V10\" transform=\"rotate({right} 38 20)\"/></g></svg>",
        hue.class()
    ))
}

#[cfg(test)]
mod tests {
    use types::message::State;

    use super::{Hue, mark, meaning};

    #[test]
    fn every_state_has_a_mark_and_a_meaning() {
        for state in State::ALL {
            assert!(mark(*state).to_string().contains(Hue::of(*state).class()));
            assert!(meaning(*state).ends_with('.'));
        }
    }

    #[test]
    fn only_a_delivery_is_done() {
        let done: Vec<_> = State::ALL.iter().filter(|state| Hue::of(**state) == Hue::Done).collect();
        assert_eq!(done, [&State::Delivered]);
        assert!(State::ALL.iter().all(|state| state.is_final() || Hue::of(*state) != Hue::Failed));
    }
}
