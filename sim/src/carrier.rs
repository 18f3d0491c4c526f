//! Carriers: what they take, what they answer, and the receipts that they write later.
//!
//! Their memory is the truth that the judge compares with. They outlive every process of the house.
//! Start at [`Carriers::judge`].

use std::collections::BTreeMap;

use ports::channel::AttemptRef;
use smpp::message_id::IdNotation;
use types::address::{Address, Msisdn};
use types::id::ConnectorId;
use types::receipt::{ReceiptNotice, ReceiptState, Verdict};
use types::time::Timestamp;

use crate::chance::Chance;
use crate::oracle::{Told, Took};
use crate::plan::{Plan, Temper};

const SECOND_MS: u64 = 1_000;
const HOUR_MS: u64 = 3_600 * SECOND_MS;

/// In which notations a carrier writes its ids: in answers and in receipts.
#[derive(Clone, Copy, Debug)]
enum Notation {
    /// Decimal in both.
    Decimal,
    /// Hexadecimal in answers, decimal with leading zeros in receipts.
    HexThenDecimal,
    /// Capital hexadecimal with leading zeros in answers, small letters without in receipts.
    Case,
}

/// What a carrier makes of one part.
#[derive(Clone, Debug)]
pub(crate) enum Judgement {
    /// It never arrives.
    Lost,
    /// It arrives, and this is the answer, after so many milliseconds; `None` when the answer is lost.
    Answered(Option<(u64, Answer)>),
}

/// The answer to a part as the channel reads it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    pub(crate) status: u32,
    pub(crate) carrier_id: Option<String>,
}

/// A part on its way to a carrier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) connector: ConnectorId,
    pub(crate) attempt: AttemptRef,
    pub(crate) part: u8,
    pub(crate) recipient: Msisdn,
}

/// A receipt that is to be told.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    /// Whose it is: the place of the carrier.
    pub(crate) carrier: usize,
    pub(crate) state: ReceiptState,
    carrier_id: String,
    recipient: Msisdn,
    echo: Echo,
    /// It was acknowledged, and is not told again.
    pub(crate) acknowledged: bool,
}

#[derive(Clone, Copy, Debug)]
enum Echo {
    AsSent,
    WithPlus,
    Unreadable,
}

struct Carrier {
    notation: Notation,
    next_id: u64,
    /// Nobody can bind until then.
    away_until_ms: u64,
}

/// All carriers of a seed, by their place.
pub(crate) struct Carriers {
    chance: Chance,
    pub(crate) temper: Temper,
    latency_ms: u64,
    answer_ms: u64,
    carriers: Vec<Carrier>,
    receipts: BTreeMap<u64, Receipt>,
    /// What became of each attempt of a message that was taken: for questions.
    taken: BTreeMap<AttemptRef, ReceiptState>,
    last_serial: u64,
}

impl Carriers {
    pub(crate) fn new(plan: &Plan, mut chance: Chance) -> Self {
        let notations = [Notation::HexThenDecimal, Notation::Case];
        let carriers = (0..plan.connectors).map(|_| Carrier {
            notation: chance.pick(Notation::Decimal, &notations),
            next_id: chance.between(1, 1 << 30),
            away_until_ms: 0,
        });
        Self {
            carriers: carriers.collect(),
            temper: plan.temper,
            latency_ms: plan.latency_ms,
            answer_ms: plan.answer_ms,
            receipts: BTreeMap::new(),
            taken: BTreeMap::new(),
            last_serial: 0,
            chance,
        }
    }

    /// Whether links may come up now.
    pub(crate) fn is_there(&self, carrier: usize, now_ms: u64) -> bool {
        self.carriers.get(carrier).is_some_and(|carrier| carrier.away_until_ms <= now_ms)
    }

    pub(crate) fn go_away(&mut self, carrier: usize, until_ms: u64) {
        if let Some(carrier) = self.carriers.get_mut(carrier) {
            carrier.away_until_ms = until_ms;
        }
    }

    /// The carrier gives some of its newest ids out once more.
    pub(crate) fn begin_ids_anew(&mut self, carrier: usize) {
        let back = self.chance.between(1, 60);
        if let Some(carrier) = self.carriers.get_mut(carrier) {
            carrier.next_id = carrier.next_id.saturating_sub(back).max(1);
        }
    }

    /// From now on nothing goes wrong.
    pub(crate) fn calm_down(&mut self) {
        self.temper = Temper::default();
        for carrier in &mut self.carriers {
            carrier.away_until_ms = 0;
        }
    }

    /// What the carrier makes of a part. What it takes is noted, with the receipts that follow: their
    /// serial numbers and after how many milliseconds each is told.
    pub(crate) fn judge(
        &mut self,
        carrier: usize,
        piece: &Piece,
    ) -> (Judgement, Option<Took>, Vec<(u64, u64)>) {
        let temper = self.temper;
        let wait_ms = self.chance.between(1, self.latency_ms);
        let refusals = [
            (temper.throttled, Verdict::Throttled, 0x58),
            (temper.transient, Verdict::Transient, 0x08),
            (temper.reroute, Verdict::Reroute, 0x33),
            (temper.permanent, Verdict::Permanent, 0x0b),
        ];
        for (per_mille, verdict, status) in refusals {
            if self.chance.happens(per_mille) {
                let answer = Answer { verdict, status, carrier_id: None };
                return (Judgement::Answered(Some((wait_ms, answer))), None, Vec::new());
            }
        }
        if self.chance.happens(temper.lost_before) {
            return (Judgement::Lost, None, Vec::new());
        }
        let Some((in_answer, in_receipt)) = self.next_id(carrier) else {
            return (Judgement::Lost, None, Vec::new());
        };
        let took = Took {
            connector: piece.connector,
            attempt: piece.attempt,
            part: piece.part,
            recipient: piece.recipient,
            carrier_id: in_answer.clone(),
        };
        let receipts = self.write_receipts(carrier, piece, &in_receipt, wait_ms);
        self.taken.entry(piece.attempt).or_insert(ReceiptState::Enroute);
        if self.chance.happens(temper.lost_after) {
            return (Judgement::Answered(None), Some(took), receipts);
        }
        let late = self.chance.happens(temper.late_answer);
        let wait_ms =
            if late { self.answer_ms + self.chance.between(1, 4 * self.answer_ms) } else { wait_ms };
        let answer = Answer { verdict: Verdict::Accepted, status: 0, carrier_id: Some(in_answer) };
        (Judgement::Answered(Some((wait_ms, answer))), Some(took), receipts)
    }

    /// A new id as it is written in answers and in receipts, both as the channel's table makes them out.
    fn next_id(&mut self, carrier: usize) -> Option<(String, String)> {
        let carrier = self.carriers.get_mut(carrier)?;
        let id = carrier.next_id;
        carrier.next_id += 1;
        let (answer, reads_answer, receipt, reads_receipt) = match carrier.notation {
            Notation::Decimal => (id.to_string(), IdNotation::Raw, id.to_string(), IdNotation::Raw),
            Notation::HexThenDecimal => {
                (format!("{id:x}"), IdNotation::CaseFolded, format!("{id:010}"), IdNotation::DecimalToHex)
            }
            Notation::Case => {
                let zeros = IdNotation::NoLeadingZeros;
                (format!("{id:012X}"), zeros, format!("{id:x}"), zeros)
            }
        };
        Some((reads_answer.normalise(&answer)?, reads_receipt.normalise(&receipt)?))
    }

    /// Plans the receipts of a part that was taken.
    fn write_receipts(
        &mut self,
        carrier: usize,
        piece: &Piece,
        carrier_id: &str,
        answer_ms: u64,
    ) -> Vec<(u64, u64)> {
        let temper = self.temper;
        if self.chance.happens(temper.no_receipt) {
            return Vec::new();
        }
        let ends =
            [ReceiptState::Expired, ReceiptState::Deleted, ReceiptState::Undelivered, ReceiptState::Rejected];
        let end = |chance: &mut Chance| {
            if chance.happens(temper.undelivered) {
                chance.pick(ReceiptState::Undelivered, &ends)
            } else {
                ReceiptState::Delivered
            }
        };
        let state = end(&mut self.chance);
        let wait_ms = if self.chance.happens(temper.early_receipt) {
            self.chance.below(answer_ms)
        } else if self.chance.happens(temper.long_receipt) {
            self.chance.between(HOUR_MS, 90 * HOUR_MS)
        } else {
            answer_ms + self.chance.between(200, 30 * SECOND_MS)
        };
        let mut planned = Vec::new();
        if self.chance.happens(temper.intermediate) {
            let words = [ReceiptState::Accepted, ReceiptState::Unknown];
            planned.push((self.chance.below(wait_ms), self.chance.pick(ReceiptState::Enroute, &words)));
        }
        planned.push((wait_ms, state));
        if self.chance.happens(temper.twice) {
            planned.push((wait_ms + self.chance.between(0, HOUR_MS), state));
        }
        if self.chance.happens(temper.contradicts) {
            let other = self.chance.pick(ReceiptState::Delivered, &ends);
            planned.push((wait_ms + self.chance.between(SECOND_MS, 3 * HOUR_MS), other));
        }
        let echoes = if self.chance.happens(temper.strange_echo) { Echo::Unreadable } else { Echo::AsSent };
        let echo = if self.chance.happens(100) { Echo::WithPlus } else { echoes };
        let told = planned.into_iter().map(|(wait_ms, state)| {
            self.last_serial += 1;
            let receipt = Receipt {
                carrier,
                state,
                carrier_id: carrier_id.to_owned(),
                recipient: piece.recipient,
                echo,
                acknowledged: false,
            };
            self.receipts.insert(self.last_serial, receipt);
            (self.last_serial, wait_ms)
        });
        told.collect()
    }

    pub(crate) fn receipt(&self, serial: u64) -> Option<&Receipt> {
        self.receipts.get(&serial)
    }

    /// What the judge must know of a receipt.
    pub(crate) fn truth(&self, serial: u64, took: &Took) -> Option<Told> {
        let receipt = self.receipt(serial)?;
        let readable = !matches!(receipt.echo, Echo::Unreadable);
        Some(Told { took: took.clone(), state: receipt.state, readable, acknowledged_at: None })
    }

    /// The house has acknowledged a receipt; it is not told again.
    pub(crate) fn acknowledged(&mut self, serial: u64) {
        if let Some(receipt) = self.receipts.get_mut(&serial) {
            receipt.acknowledged = true;
        }
    }

    /// Notes what a receipt told of an attempt, for questions.
    pub(crate) fn note_told(&mut self, attempt: AttemptRef, state: ReceiptState) {
        if state.end().is_some() {
            self.taken.insert(attempt, state);
        }
    }

    /// What the carrier says when it is asked for an attempt.
    pub(crate) fn asked(&mut self, attempt: AttemptRef) -> Option<ReceiptState> {
        let forgets = self.chance.happens(self.temper.forgets);
        self.taken.get(&attempt).copied().filter(|_| !forgets)
    }

    /// A receipt as the channel reads it. Its serial number stands where carriers write their date.
    pub(crate) fn notice(&self, serial: u64, now: Timestamp) -> Option<ReceiptNotice> {
        let receipt = self.receipts.get(&serial)?;
        let source = match receipt.echo {
            Echo::AsSent => Address::international(receipt.recipient),
            Echo::WithPlus => Address::from_text(&receipt.recipient.e164()),
            Echo::Unreadable => Address::from_text("unknown"),
        };
        Some(ReceiptNotice {
            carrier_id: receipt.carrier_id.clone(),
            state: receipt.state,
            stat: receipt.state.as_str().to_owned(),
            error: "000".to_owned(),
            submit_date: String::new(),
            done_date: serial.to_string(),
            source,
            destination: Address::from_text("ACME"),
            tlvs: Vec::new(),
            read_at: now,
        })
    }
}
