//! Which notation a connector's receipts write ids in: learned from the receipts that were matched, told to staff,
//! and used where an id alone would fit several messages.
//!
//! A receipt is matched in another notation only if the recipient that it echoes is that of the message, or if it
//! echoes none; never when two messages fit. While an attempt to its phone waits for an id, a receipt of a connector
//! that is known to write ids as it answered is not matched in another notation either. Start at [`Engine::target_in_other_notation`].

use std::collections::HashMap;

use ports::store::ReceiptTarget;
use types::address::Address;
use types::carrier_id::{IdNotation, folded, readings};
use types::id::ConnectorId;
use types::receipt::ReceiptNotice;
use types::time::Timestamp;

use super::{Engine, EngineError};

/// Receipts of one notation after which it counts as the connector's, if at most one of twenty is in another.
const SETTLED_AFTER: u64 = 50;
/// Readings of parked receipts that are remembered; beyond it all are forgotten, and their receipts lapse.
const PARKED_MAX: usize = 20_000;
/// Stands before the folded form of an id, so that it is never taken for an id as written.
const FOLDED_MARK: char = '~';
/// Digits at the end of a number that are compared: carriers add and drop country codes and prefixes.
const DIGITS_COMPARED: usize = 7;

/// What is known of the receipts of one connector.
#[derive(Clone, Copy, Debug, Default)]
struct Learned {
    as_written: u64,
    folded: u64,
    hex_to_decimal: u64,
    decimal_to_hex: u64,
    ambiguous: u64,
}

impl Learned {
    fn counts(&self) -> [(IdNotation, u64); 4] {
        [
            (IdNotation::Raw, self.as_written),
            (IdNotation::NoLeadingZeros, self.folded),
            (IdNotation::HexToDecimal, self.hex_to_decimal),
            (IdNotation::DecimalToHex, self.decimal_to_hex),
        ]
    }

    fn settled(&self) -> Option<IdNotation> {
        let counts = self.counts();
        let (notation, most) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        let others: u64 = counts.iter().map(|(_, count)| count).sum::<u64>() - most;
        (most >= SETTLED_AFTER && others.saturating_mul(20) <= most).then_some(notation)
    }
}

/// The notations of all connectors, and the receipts that wait for an answer in another one.
#[derive(Debug, Default)]
pub(crate) struct Notations {
    learned: HashMap<ConnectorId, Learned>,
    /// Ids of parked receipts by what else they may stand for.
    parked: HashMap<(ConnectorId, String), Vec<String>>,
}

impl Notations {
    /// The notation in which a connector's receipts write ids, once that is plain.
    pub(crate) fn settled(&self, connector: ConnectorId) -> Option<IdNotation> {
        self.learned.get(&connector).and_then(Learned::settled)
    }

    /// Receipts of a connector that would have fitted two messages.
    pub(crate) fn ambiguous(&self, connector: ConnectorId) -> u64 {
        self.learned.get(&connector).map_or(0, |learned| learned.ambiguous)
    }

    /// A receipt was matched in this notation; whether that settles or unsettles the connector's.
    fn learn(&mut self, connector: ConnectorId, notation: IdNotation) -> bool {
        let learned = self.learned.entry(connector).or_default();
        let before = learned.settled();
        let count = match notation {
            IdNotation::Raw => &mut learned.as_written,
            IdNotation::CaseFolded | IdNotation::NoLeadingZeros => &mut learned.folded,
            IdNotation::HexToDecimal => &mut learned.hex_to_decimal,
            IdNotation::DecimalToHex => &mut learned.decimal_to_hex,
        };
        *count = count.saturating_add(1);
        learned.settled() != before
    }

    /// A receipt was parked under its id as written.
    pub(super) fn remember_parked(&mut self, connector: ConnectorId, written: &str) {
        if self.parked.len() >= PARKED_MAX {
            self.parked.clear();
        }
        for (_, id) in readings(written).into_iter().filter(|(_, id)| id != written) {
            self.parked.entry((connector, id)).or_default().push(written.to_owned());
        }
    }

    /// A receipt is parked no more: its readings make room for those of others.
    pub(super) fn forget_parked(&mut self, connector: ConnectorId, written: &str) {
        if self.parked.is_empty() {
            return;
        }
        for (_, id) in readings(written) {
            let key = (connector, id);
            let Some(known) = self.parked.get_mut(&key) else { continue };
            if let Some(place) = known.iter().position(|other| other == written) {
                known.swap_remove(place);
            }
            if known.is_empty() {
                self.parked.remove(&key);
            }
        }
    }

    /// All parked receipts are about to be remembered anew.
    pub(super) fn clear_parked(&mut self) {
        self.parked.clear();
    }

    /// The ids under which parked receipts may stand for the id of an answer, besides that itself.
    pub(super) fn take_parked(&mut self, connector: ConnectorId, answered: &str) -> Vec<String> {
        let folded = folded(answered);
        let mut found = self.parked.remove(&(connector, folded.clone())).unwrap_or_default();
        // Receipts that write it so have no other reading that leads here.
        found.push(folded);
        found.retain(|written| written != answered);
        found
    }
}

/// What a receipt says of the recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Echo {
    /// The message's.
    Same,
    /// Another one.
    Other,
    /// Nothing that can be compared.
    None,
}

/// The digits of a number that are compared; `None` for a name or a short code.
fn last_digits(address: &Address) -> Option<&[u8]> {
    let digits = address.octets.strip_prefix(b"+").unwrap_or(&address.octets);
    let is_number = digits.iter().all(u8::is_ascii_digit);
    let start = digits.len().checked_sub(DIGITS_COMPARED).filter(|_| is_number)?;
    digits.get(start..)
}

impl Engine {
    /// Whether a receipt echoes the recipient of a message. Some carriers echo both addresses the other way round.
    fn echo(&mut self, target: &ReceiptTarget, notice: &ReceiptNotice) -> Result<Echo, EngineError> {
        self.ensure_live(&[target.message])?;
        let Some(live) = self.live.get(&target.message) else { return Ok(Echo::None) };
        let recipient = Address::international(live.recipient);
        let wanted = last_digits(&recipient);
        let told = [last_digits(&notice.source), last_digits(&notice.destination)];
        Ok(if told.iter().any(|told| told.is_some() && *told == wanted) {
            Echo::Same
        } else if told.iter().all(Option::is_none) {
            Echo::None
        } else {
            Echo::Other
        })
    }

    /// Confirms the message that an id as written leads to. One of another recipient is meant only if no other
    /// notation leads to the right one.
    pub(super) fn confirmed(
        &mut self,
        connector: ConnectorId,
        as_written: Option<ReceiptTarget>,
        notice: &ReceiptNotice,
        now: Timestamp,
    ) -> Result<Option<ReceiptTarget>, EngineError> {
        let settled = self.notations.settled(connector);
        let is_other_notation = settled.is_some_and(|known| known != IdNotation::Raw);
        let is_meant = match as_written.as_ref().map(|target| self.echo(target, notice)).transpose()? {
            Some(Echo::Same) => true,
            Some(Echo::None) => !is_other_notation,
            Some(Echo::Other) | None => false,
        };
        if is_meant {
            self.learn(connector, IdNotation::Raw);
            return Ok(as_written);
        }
        if settled == Some(IdNotation::Raw)
            && let Some(slot) = self.slot_of(connector, notice)
            && self.awaits_an_id(slot, now)?
        {
            return Ok(as_written);
        }
        let other = self.target_in_other_notation(connector, notice)?;
        Ok(other.or_else(|| as_written.filter(|_| !is_other_notation)))
    }

    /// The one message that a receipt means whose id nobody has given as it is written.
    fn target_in_other_notation(
        &mut self,
        connector: ConnectorId,
        notice: &ReceiptNotice,
    ) -> Result<Option<ReceiptTarget>, EngineError> {
        let settled = self.notations.settled(connector).filter(|settled| *settled != IdNotation::Raw);
        let readings = readings(&notice.carrier_id);
        if let Some(settled) = settled
            && let Some(reading) = readings.iter().find(|(notation, _)| *notation == settled)
            && let Some(target) = self.only_target(connector, std::slice::from_ref(reading), notice)?
        {
            return Ok(Some(target));
        }
        self.only_target(connector, &readings, notice)
    }

    fn only_target(
        &mut self,
        connector: ConnectorId,
        readings: &[(IdNotation, String)],
        notice: &ReceiptNotice,
    ) -> Result<Option<ReceiptTarget>, EngineError> {
        let (mut same, mut silent): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
        for (notation, id) in readings {
            for target in self.targets_of(connector, id)? {
                let kept = match self.echo(&target, notice)? {
                    Echo::Same => &mut same,
                    Echo::None => &mut silent,
                    Echo::Other => continue,
                };
                if kept.iter().all(|(_, other)| *other != target) {
                    kept.push((*notation, target));
                }
            }
        }
        let fitting = if same.is_empty() { silent } else { same };
        match fitting.as_slice() {
            [] => Ok(None),
            [(notation, target)] => {
                self.learn(connector, *notation);
                Ok(Some(*target))
            }
            [..] => {
                self.note_ambiguous(connector);
                Ok(None)
            }
        }
    }

    /// The messages whose answer gave an id that folds to this one.
    fn targets_of(&mut self, connector: ConnectorId, id: &str) -> Result<Vec<ReceiptTarget>, EngineError> {
        let keys = [(connector, id.to_owned()), (connector, format!("{FOLDED_MARK}{id}"))];
        let mut found: Vec<ReceiptTarget> = Vec::new();
        for key in &keys {
            let recent = self.recent_ids.get(key).copied();
            found.extend(recent.or_else(|| self.mapped_in_batch(key.0, &key.1)));
        }
        if found.is_empty() {
            found.extend(self.store.receipt_targets(&keys)?.into_iter().flatten());
        }
        Ok(found)
    }

    /// The id under which an answer's id is kept besides itself, where it can be written otherwise.
    pub(super) fn folded_key(carrier_id: &str) -> Option<String> {
        let folded = folded(carrier_id);
        (folded != carrier_id).then(|| format!("{FOLDED_MARK}{folded}"))
    }

    fn learn(&mut self, connector: ConnectorId, notation: IdNotation) {
        if self.notations.learn(connector, notation) {
            self.publish_connectors();
        }
    }

    fn note_ambiguous(&mut self, connector: ConnectorId) {
        let learned = self.notations.learned.entry(connector).or_default();
        learned.ambiguous = learned.ambiguous.saturating_add(1);
        if learned.ambiguous.is_power_of_two() {
            let count = learned.ambiguous;
            tracing::warn!(
                connector = connector.0,
                count,
                "receipts fit two messages each and are kept apart"
            );
            self.publish_connectors();
        }
    }
}

#[cfg(test)]
mod tests {
    use types::address::Address;
    use types::carrier_id::IdNotation;
    use types::id::ConnectorId;

    use super::{Notations, PARKED_MAX, SETTLED_AFTER, last_digits};

    const CONNECTOR: ConnectorId = ConnectorId(1);

    #[test]
    fn a_notation_settles_after_enough_receipts_and_unsettles_again() {
        let mut notations = Notations::default();
        for _ in 1..SETTLED_AFTER {
            assert!(!notations.learn(CONNECTOR, IdNotation::DecimalToHex));
        }
        assert_eq!(notations.settled(CONNECTOR), None);
        assert!(notations.learn(CONNECTOR, IdNotation::DecimalToHex));
        assert_eq!(notations.settled(CONNECTOR), Some(IdNotation::DecimalToHex));
        assert!(!notations.learn(CONNECTOR, IdNotation::Raw) && !notations.learn(CONNECTOR, IdNotation::Raw));
        assert!(notations.learn(CONNECTOR, IdNotation::Raw), "three of fifty are too many");
        assert_eq!(notations.settled(CONNECTOR), None);
        assert_eq!(notations.settled(ConnectorId(2)), None);
    }

    #[test]
    fn a_parked_receipt_is_found_by_an_answer_in_another_notation() {
        let mut notations = Notations::default();
        notations.remember_parked(CONNECTOR, "11259375");
        assert_eq!(notations.take_parked(ConnectorId(2), "00ABCDEF"), ["abcdef"]);
        assert_eq!(notations.take_parked(CONNECTOR, "00ABCDEF"), ["11259375", "abcdef"]);
        assert_eq!(notations.take_parked(CONNECTOR, "00ABCDEF"), ["abcdef"]);
        assert!(notations.take_parked(CONNECTOR, "abcdef").is_empty(), "it is looked for anyway");
    }

    #[test]
    fn receipts_that_found_their_message_take_no_room() {
        let mut notations = Notations::default();
        notations.remember_parked(CONNECTOR, "11259375");
        for number in 0..PARKED_MAX {
            let written = format!("{:X}", 0x00AB_CDEF_0000 + number);
            for _ in 0..2 {
                notations.remember_parked(CONNECTOR, &written);
            }
            for _ in 0..2 {
                notations.forget_parked(CONNECTOR, &written);
            }
        }
        assert_eq!(notations.take_parked(CONNECTOR, "abcdef"), ["11259375"]);
        notations.forget_parked(CONNECTOR, "11259375");
        assert!(notations.parked.is_empty());
    }

    #[test]
    fn numbers_are_compared_by_their_end() {
        for (address, expected) in [
            ("+447911123456", Some("1123456")),
            ("07911123456", Some("1123456")),
            ("1123456", Some("1123456")),
            ("123456", None),
            ("ACME1234567", None),
            ("", None),
        ] {
            let address = Address { ton: 0, npi: 0, octets: address.as_bytes().into() };
            assert_eq!(last_digits(&address), expected.map(str::as_bytes), "{expected:?}");
        }
    }
}
