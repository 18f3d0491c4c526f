//! How much of one direction may pass: octets are counted, from the beginning or from one PDU on.
//!
//! Pure: it sees what waits to be forwarded and says what to do with it.

use smpp::CommandId;

use super::plan::{End, Faults};

/// Octets that hold the length and the command of a PDU.
const HEAD_OCTETS: usize = 8;
/// The smallest length that a PDU can have; a smaller one is taken for it.
const PDU_OCTETS_MIN: usize = 16;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Forward so many octets, at least one.
    Forward(usize),
    /// Wait for more octets; at the end of the input forward what is there.
    Wait,
    /// Nothing passes any more.
    End(End),
}

/// The counter of one direction.
#[derive(Debug)]
pub(super) struct Gate {
    end: Option<(u64, End)>,
    /// The command whose first PDU is still waited for.
    awaited: Option<CommandId>,
    /// Octets of the current PDU that are still to pass before the next head.
    rest_of_pdu: usize,
    counted: u64,
}

impl Gate {
    pub(super) fn new(faults: &Faults) -> Self {
        let awaited = faults.end.and(faults.from);
        Self { end: faults.end, awaited, rest_of_pdu: 0, counted: 0 }
    }

    /// What to do with the octets that wait.
    pub(super) fn look(&mut self, waiting: &[u8]) -> Step {
        let Some((limit, end)) = self.end else { return all(waiting) };
        if let Some(awaited) = self.awaited {
            if self.rest_of_pdu > 0 {
                return all(waiting.get(..self.rest_of_pdu).unwrap_or(waiting));
            }
            let Some((length, id)) = head(waiting) else { return Step::Wait };
            if id != awaited {
                self.rest_of_pdu = length;
                return all(waiting.get(..length).unwrap_or(waiting));
            }
            self.awaited = None;
        }
        let room = usize::try_from(limit.saturating_sub(self.counted)).unwrap_or(usize::MAX);
        if room == 0 {
            return Step::End(end);
        }
        all(waiting.get(..room).unwrap_or(waiting))
    }

    /// So many octets have passed.
    pub(super) fn passed(&mut self, octets: usize) {
        if self.awaited.is_some() {
            self.rest_of_pdu = self.rest_of_pdu.saturating_sub(octets);
        } else {
            self.counted = self.counted.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
        }
    }
}

const fn all(octets: &[u8]) -> Step {
    if octets.is_empty() { Step::Wait } else { Step::Forward(octets.len()) }
}

fn head(octets: &[u8]) -> Option<(usize, CommandId)> {
    let head: [u8; HEAD_OCTETS] = octets.get(..HEAD_OCTETS)?.try_into().ok()?;
    let [a, b, c, d, e, f, g, h] = head;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    Some((length.max(PDU_OCTETS_MIN), CommandId(u32::from_be_bytes([e, f, g, h]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdu(id: CommandId, body: usize) -> Vec<u8> {
        let mut octets = vec![0; PDU_OCTETS_MIN + body];
        let length = u32::try_from(octets.len()).unwrap();
        octets[..4].copy_from_slice(&length.to_be_bytes());
        octets[4..8].copy_from_slice(&id.0.to_be_bytes());
        octets
    }

    /// Octets that pass, when they come in pieces of a size.
    fn passing(faults: Faults, input: &[u8], piece: usize) -> (usize, Option<End>) {
        let mut gate = Gate::new(&faults);
        let mut waiting = Vec::new();
        let mut passed = 0;
        for piece in input.chunks(piece) {
            waiting.extend_from_slice(piece);
            loop {
                match gate.look(&waiting) {
                    Step::Forward(octets) => {
                        gate.passed(octets);
                        waiting.drain(..octets);
                        passed += octets;
                    }
                    Step::Wait => break,
                    Step::End(end) => return (passed, Some(end)),
                }
            }
        }
        match gate.look(&waiting) {
            Step::End(end) => (passed, Some(end)),
            Step::Forward(_) | Step::Wait => (passed, None),
        }
    }

    #[test]
    fn the_count_is_exact_for_every_octet_and_every_slicing() {
        let input: Vec<u8> = [
            pdu(CommandId::BIND_TRANSCEIVER, 20),
            pdu(CommandId::ENQUIRE_LINK, 0),
            pdu(CommandId::SUBMIT_SM, 40),
            pdu(CommandId::SUBMIT_SM, 40),
        ]
        .concat();
        let before = 36 + 16;
        for piece in [1, 7, 16, 1_000] {
            for limit in 0..=112_u64 {
                let faults = Faults {
                    end: Some((limit, End::Reset)),
                    from: Some(CommandId::SUBMIT_SM),
                    ..Faults::default()
                };
                let expected = (before + usize::try_from(limit).unwrap(), Some(End::Reset));
                assert_eq!(passing(faults, &input, piece), expected, "{limit} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn without_a_pdu_the_count_begins_at_once() {
        for limit in 0..=10_u64 {
            let faults = Faults { end: Some((limit, End::Cut)), ..Faults::default() };
            let expected = (usize::try_from(limit).unwrap(), Some(End::Cut));
            assert_eq!(passing(faults, &[7; 10], 3), expected);
        }
        assert_eq!(passing(Faults::default(), &[7; 10], 3), (10, None));
        let absent =
            Faults { end: Some((0, End::Cut)), from: Some(CommandId::SUBMIT_SM), ..Faults::default() };
        assert_eq!(passing(absent, &pdu(CommandId::UNBIND, 0), 3), (16, None));
    }
}
