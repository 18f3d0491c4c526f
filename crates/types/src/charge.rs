//! Money of a message: what was agreed, where it is held and what became of it.

use crate::id::{AccountId, LotId};
use crate::message::coded_enum;
use crate::money::{Money, Unit};
use crate::time::Timestamp;

coded_enum!(
    /// The one money event of a message and how far it has come.
    ChargeState {
        /// Nothing was charged or held.
        None = 0, "none";
        /// Held on a lot, not yet charged.
        Held = 1, "held";
        /// Charged for good.
        Charged = 2, "charged";
        /// The hold was given back.
        Released = 3, "released";
        /// Charged and paid back by the operator's terms.
        Refunded = 4, "refunded";
    }
);

coded_enum!(
    /// What makes a hold a charge (profile key `charging.trigger`).
    ChargeTrigger {
        /// The positive acknowledgement (rule PT-2.1d).
        OnAccept = 0, "on_accept";
        /// The carrier's acceptance.
        OnSubmit = 1, "on_submit";
        /// The receipt of a delivery.
        OnDelivery = 2, "on_delivery";
    }
);

coded_enum!(
    /// What a ledger entry is for.
    PostingKind {
        /// Value was granted or paid in: source to lot.
        TopUp = 0, "top_up";
        /// Value is held for messages: lot to hold.
        Hold = 1, "hold";
        /// Held value is charged: hold to revenue.
        Capture = 2, "capture";
        /// Held value is given back: hold to lot.
        Release = 3, "release";
        /// Value is charged at once: lot to revenue.
        Charge = 4, "charge";
        /// Charged value is paid back: revenue to lot.
        Refund = 5, "refund";
        /// Value goes to another account: lot to transit.
        TransferOut = 6, "transfer_out";
        /// Value comes from another account: transit to lot.
        TransferIn = 7, "transfer_in";
    }
);

/// What a message costs its sender, as agreed at acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// For the whole message, all parts.
    pub amount: Money,
    /// Parts sold: the count by 8-bit user data headers.
    pub parts: u32,
    /// The version of the price book.
    pub book_version: u32,
}

/// What a message costs one account above its sender's on the path of resellers, by that account's own
/// price book, as agreed at acceptance. Only the sender's own price is charged; whose lots pay for the
/// levels above is for the terms of resellers to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelPrice {
    /// The account above.
    pub account: AccountId,
    /// What it is asked.
    pub price: Price,
}

coded_enum!(
    /// What makes the cost of a part owed to the supplier (key `rate_trigger` of a supplier).
    CostTrigger {
        /// That the supplier took it.
        OnSubmit = 0, "on_submit";
        /// A receipt that it was delivered.
        OnDelivery = 1, "on_delivery";
    }
);

/// What a supplier would ask for an attempt, written ahead of it and never changed. What is owed
/// follows from the answers and receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// For all parts of the attempt, in the supplier's currency.
    pub amount: Money,
    /// The version of the rate deck.
    pub deck_version: u32,
    /// What makes it owed.
    pub trigger: CostTrigger,
}

/// The most lots that pay one message together.
pub const LOT_SHARES_MAX: usize = 64;

/// What one of several lots pays of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotShare {
    /// The lot.
    pub lot: LotId,
    /// Its part of the price, micro-units; positive.
    pub micros: i64,
}

/// A lot of value: its own unit, its own clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// Its number.
    pub id: LotId,
    /// Whose it is.
    pub account: AccountId,
    /// What it is an amount of.
    pub unit: Unit,
    /// Granted at the start, micro-units.
    pub granted_micros: i64,
    /// Neither held nor spent, micro-units.
    pub available_micros: i64,
    /// Held for messages, micro-units.
    pub held_micros: i64,
    /// When it was granted.
    pub created_at: Timestamp,
    /// When the rest of it lapses; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// Where it came from, e.g. `demo` or `bank`.
    pub source: String,
}

/// One double entry, aggregated over the messages of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Whose lot.
    pub account: AccountId,
    /// The lot.
    pub lot: LotId,
    /// What for; it names the two sides.
    pub kind: PostingKind,
    /// The amount moved, micro-units of the lot's unit; never negative.
    pub amount_micros: i64,
    /// How many messages it sums up; zero for a top-up.
    pub messages: u32,
    /// The number of the policy that asked for it (the profile's version).
    pub policy: u32,
}

impl PostingKind {
    /// What a posting of `amount` does to the lot: (available, held, spent).
    pub const fn effect(self, amount: i64) -> (i64, i64) {
        match self {
            Self::TopUp | Self::Refund | Self::TransferIn => (amount, 0),
            Self::Hold => (-amount, amount),
            Self::Capture => (0, -amount),
            Self::Release => (amount, -amount),
            Self::Charge | Self::TransferOut => (-amount, 0),
        }
    }
}

/// The sum of an account's lots of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Neither held nor spent.
    pub available: Money,
    /// Held for messages on their way.
    pub held: Money,
}
