//! How what steered the time of a message is written: zones, table and quiet hours. See [`super`].

use types::quiet::{Days, QuietHours, QuietSource, TimeFinding, TimeOfDay, ZoneSource};
use types::time::Timestamp;

use super::{Reader, put};

/// What no source of quiet hours has as its code.
const NOT_HELD: u8 = u8::MAX;

/// What a finding begins with, where something else may stand; see [`super::read_addresses`].
pub(super) const MARK: u8 = 16;

/// Writes what steered the time of a message; it stands behind what [`super::write_addresses`] writes, where versions
/// before look no more.
pub(crate) fn add_time(out: &mut Vec<u8>, finding: &TimeFinding) {
    out.extend_from_slice(&[MARK, finding.source.code()]);
    out.extend_from_slice(&finding.due_at.as_ms().to_be_bytes());
    put(out, finding.table_version.as_bytes());
    put(out, finding.zones.join(" ").as_bytes());
    match &finding.held_by {
        None => out.push(NOT_HELD),
        Some((source, hours)) => {
            out.push(source.code());
            for time in [hours.from, hours.to] {
                out.extend_from_slice(&time.minutes().to_be_bytes());
            }
            out.push(hours.days.bits());
        }
    }
}

/// Reads a finding.
pub(super) fn finding(reader: &mut Reader<'_>) -> Option<TimeFinding> {
    if reader.octet()? != MARK {
        return None;
    }
    let source = ZoneSource::from_code(reader.octet()?)?;
    let due_at = Timestamp::from_ms(i64::from_be_bytes(reader.array()?));
    let table_version = reader.text()?.into();
    let zones = reader.text()?.split(' ').map(Into::into).collect();
    let held_by = match reader.octet()? {
        NOT_HELD => None,
        code => Some((QuietSource::from_code(code)?, hours(reader)?)),
    };
    Some(TimeFinding { zones, source, table_version, due_at, held_by })
}

fn hours(reader: &mut Reader<'_>) -> Option<QuietHours> {
    let mut time = || TimeOfDay::from_minutes(u16::from_be_bytes(reader.array()?));
    let (from, to) = (time()?, time()?);
    Some(QuietHours { from, to, days: Days::from_bits(reader.octet()?)? })
}
