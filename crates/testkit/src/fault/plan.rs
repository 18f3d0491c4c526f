//! Plans: what is done to which connection, as typed on a command line.
//!
//! A plan is a list of rules, apart by `;`. A rule is `[FIRST[-[LAST]]:]FAULT,FAULT…`, and the first rule that
//! names the number of a connection, counted from 1, holds for it; without numbers a rule holds for all. A
//! connection without a rule is forwarded as it is. A fault is one word with its value:
//!
//! | fault | what it does |
//! |---|---|
//! | `refuse` | resets the connection as soon as it is there |
//! | `deaf` | accepts, reads nothing and says nothing |
//! | `up.…`, `down.…` | what follows holds for one direction: from the client, or to it |
//! | `delay=MS` or `delay=MS-MS` | waits before each piece |
//! | `slice=N` | writes pieces of at most N octets |
//! | `rate=N` | at most N octets a second |
//! | `corrupt=N` | flips one bit in one octet of N, by chance |
//! | `drop=N` | loses one piece of N, by chance |
//! | `from=ID` | counts begin with the first PDU of this SMPP command, a number as `0x4` or a name as `submit_sm` |
//! | `cut=N` | closes the connection after N octets |
//! | `reset=N` | resets it after N octets |
//! | `close=N` | closes this direction only after N octets |
//! | `hole=N` | swallows what comes after N octets; both sides believe the link to be up |
//! | `freeze=N` | reads nothing more after N octets, so that the sender is held up |
//!
//! `up.` and `down.` may be left out, and the fault holds for both.

use std::str::FromStr;

use smpp::CommandId;

/// What is done when an octet count is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Both directions are closed.
    Cut,
    /// The connection is reset towards both sides.
    Reset,
    /// The direction is closed, the other goes on.
    Close,
    /// What follows is swallowed.
    Hole,
    /// What follows is not read.
    Freeze,
}

/// What is done to one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Milliseconds before each piece: from and up to.
    pub delay_ms: Option<(u64, u64)>,
    /// Octets of a piece.
    pub slice_octets: Option<usize>,
    /// Octets per second.
    pub octets_per_s: Option<u64>,
    /// One octet of so many is changed.
    pub corrupt_one_of: Option<u64>,
    /// One piece of so many is lost.
    pub drop_one_of: Option<u64>,
    /// Octets that are forwarded, and what happens then.
    pub end: Option<(u64, End)>,
    /// The SMPP command whose first PDU begins the count.
    pub from: Option<CommandId>,
}

/// What is done to one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Treatment {
    pub(super) refuse: bool,
    pub(super) deaf: bool,
    pub(super) up: Faults,
    pub(super) down: Faults,
}

/// Rules by the numbers of connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    rules: Vec<Rule>,
    seen: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    first: u64,
    last: u64,
    treatment: Treatment,
}

impl Plan {
    /// Counts a connection and gives what is to be done to it.
    pub(super) fn next(&mut self) -> Treatment {
        self.seen += 1;
        let seen = self.seen;
        let rule = self.rules.iter().find(|rule| (rule.first..=rule.last).contains(&seen));
        rule.map_or_else(Treatment::default, |rule| rule.treatment)
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rules = text.split(';').map(str::trim).filter(|rule| !rule.is_empty());
        Ok(Self { rules: rules.map(rule).collect::<Result<_, _>>()?, seen: 0 })
    }
}

fn rule(text: &str) -> Result<Rule, String> {
    let (numbers, faults) = text.split_once(':').unwrap_or(("1-", text));
    let (first, last) = match numbers.split_once('-') {
        Some((first, "")) => (number(first)?, u64::MAX),
        Some((first, last)) => (number(first)?, number(last)?),
        None => (number(numbers)?, number(numbers)?),
    };
    let mut treatment = Treatment::default();
    for fault in faults.split(',').map(str::trim).filter(|fault| !fault.is_empty()) {
        apply(&mut treatment, fault)?;
    }
    Ok(Rule { first, last, treatment })
}

fn apply(treatment: &mut Treatment, fault: &str) -> Result<(), String> {
    match fault {
        "refuse" => treatment.refuse = true,
        "deaf" => treatment.deaf = true,
        // Said where a rule should be seen to do nothing.
        "pass" => {}
        _ => {
            let (name, value) = fault.split_once('=').ok_or_else(|| format!("`{fault}` has no value"))?;
            match name.split_once('.') {
                Some(("up", name)) => set(&mut treatment.up, name, value)?,
                Some(("down", name)) => set(&mut treatment.down, name, value)?,
                Some((direction, _)) => return Err(format!("`{direction}` is neither `up` nor `down`")),
                None => {
                    set(&mut treatment.up, name, value)?;
                    set(&mut treatment.down, name, value)?;
                }
            }
        }
    }
    Ok(())
}

fn set(faults: &mut Faults, name: &str, value: &str) -> Result<(), String> {
    let end = match name {
        "cut" => Some(End::Cut),
        "reset" => Some(End::Reset),
        "close" => Some(End::Close),
        "hole" => Some(End::Hole),
        "freeze" => Some(End::Freeze),
        _ => None,
    };
    if let Some(end) = end {
        faults.end = Some((number(value)?, end));
        return Ok(());
    }
    match name {
        "delay" => {
            let (least, most) = value.split_once('-').unwrap_or((value, value));
            faults.delay_ms = Some((number(least)?, number(most)?.max(number(least)?)));
        }
        "slice" => faults.slice_octets = Some(usize::try_from(above_zero(value)?).unwrap_or(usize::MAX)),
        "rate" => faults.octets_per_s = Some(above_zero(value)?),
        "corrupt" => faults.corrupt_one_of = Some(above_zero(value)?),
        "drop" => faults.drop_one_of = Some(above_zero(value)?),
        "from" => faults.from = Some(command(value)?),
        _ => return Err(format!("there is no fault `{name}`")),
    }
    Ok(())
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn above_zero(text: &str) -> Result<u64, String> {
    match number(text)? {
        0 => Err("0 of them is not possible".to_owned()),
        value => Ok(value),
    }
}

fn command(text: &str) -> Result<CommandId, String> {
    const NAMED: &[CommandId] = &[
        CommandId::SUBMIT_SM,
        CommandId::SUBMIT_SM_RESP,
        CommandId::DELIVER_SM,
        CommandId::DELIVER_SM_RESP,
        CommandId::QUERY_SM,
        CommandId::QUERY_SM_RESP,
        CommandId::ENQUIRE_LINK,
        CommandId::ENQUIRE_LINK_RESP,
        CommandId::BIND_TRANSCEIVER,
        CommandId::BIND_TRANSCEIVER_RESP,
        CommandId::UNBIND,
    ];
    if let Some(id) = NAMED.iter().find(|id| id.name() == text) {
        return Ok(*id);
    }
    let digits = text.strip_prefix("0x").ok_or_else(|| format!("there is no command `{text}`"))?;
    u32::from_str_radix(digits, 16).map(CommandId).map_err(|_| format!("`{text}` is no command id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_hold_for_the_connections_that_they_name() {
        let mut plan: Plan =
            "1:refuse; 2-3:up.cut=57,up.from=submit_sm,down.slice=1; 5-:delay=1-9".parse().unwrap();
        assert!(plan.next().refuse);
        for _ in 0..2 {
            let treatment = plan.next();
            assert_eq!(treatment.up.end, Some((57, End::Cut)));
            assert_eq!(treatment.up.from, Some(CommandId::SUBMIT_SM));
            assert_eq!((treatment.up.slice_octets, treatment.down.slice_octets), (None, Some(1)));
        }
        assert_eq!(plan.next(), Treatment::default());
        for _ in 0..3 {
            let treatment = plan.next();
            assert_eq!((treatment.up.delay_ms, treatment.down.delay_ms), (Some((1, 9)), Some((1, 9))));
        }
    }

    #[test]
    fn every_fault_is_read_and_nonsense_is_refused() {
        let good = [
            "",
            "pass",
            "deaf",
            "rate=100",
            "corrupt=1000",
            "drop=10",
            "up.hole=0",
            "down.freeze=3",
            "close=1",
            "reset=0,from=0x80000004",
            "7:up.delay=20",
            " 1 : pass ; ",
        ];
        for text in good {
            let plan = text.replace(" 1 ", "1");
            assert!(plan.parse::<Plan>().is_ok(), "{text}");
        }
        let bad = ["cut", "cut=x", "left.cut=1", "slice=0", "from=hello", "x:pass", "1-x:pass", "tear=1"];
        for text in bad {
            assert!(text.parse::<Plan>().is_err(), "{text}");
        }
    }
}
