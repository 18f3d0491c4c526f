//! Tests of SMPP times.

use proptest::prelude::{prop_assert_eq, proptest};

use super::{AbsoluteTime, RelativeTime, SmppTime, TimeError};

#[test]
fn parses() {
    // (field, milliseconds since 1970 at now = 1,000,000 ms)
    let cases: &[(&[u8], i64)] = &[
        (b"261122103000000+", 1_795_343_400_000),
        (b"261122103000904+", 1_795_339_800_900),
        (b"261122103000004-", 1_795_347_000_000),
        (b"261122103000022+", 1_795_323_600_000),
        // New Zealand in summer and the Line Islands are beyond the 48 quarter hours of the specification.
        (b"261122103000052+", 1_795_296_600_000),
        (b"261122103000056+", 1_795_293_000_000),
        (b"000000000000000R", 1_000_000),
        (b"000000240000000R", 87_400_000),
        (b"000003000000000R", 260_200_000),
        (b"000100000000000R", 2_593_000_000),
        (b"010000000000000R", 31_537_000_000),
        (b"000000000099000R", 1_099_000),
    ];
    for (octets, unix_ms) in cases {
        let time = SmppTime::parse(octets).unwrap().unwrap();
        assert_eq!(time.resolve_unix_ms(1_000_000), *unix_ms, "{}", octets.escape_ascii());
        assert_eq!(time.to_octets(), *octets);
    }
    assert_eq!(SmppTime::parse(b""), Ok(None));
}

#[test]
fn refuses() {
    let cases: &[(&[u8], TimeError)] = &[
        (b"2611221030", TimeError::Length { octets: 10 }),
        (b"261122103000000+0", TimeError::Length { octets: 17 }),
        (b"26112210300000x+", TimeError::Digit),
        (b"26112210300 000+", TimeError::Digit),
        (b"261122103000000Z", TimeError::Kind),
        (b"261122103000000r", TimeError::Kind),
        (b"261322103000000+", TimeError::Range),
        (b"260229103000000+", TimeError::Range),
        (b"261122103000057+", TimeError::Range),
        (b"261122103000049-", TimeError::Range),
        (b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFR", TimeError::Digit),
    ];
    for (octets, error) in cases {
        assert_eq!(SmppTime::parse(octets), Err(*error), "{}", octets.escape_ascii());
    }
}

#[test]
fn durations_are_written_in_days_up_to_a_month() {
    for (duration_ms, octets) in [
        (0, b"000000000000000R"),
        (90_500, b"000000000130000R"),
        (172_800_000, b"000002000000000R"),
        (31 * 86_400_000, b"000031000000000R"),
        (45 * 86_400_000, b"000115000000000R"),
        (400 * 86_400_000, b"010105000000000R"),
    ] {
        let time = RelativeTime::from_duration_ms(duration_ms).unwrap();
        assert_eq!(&SmppTime::Relative(time).to_octets(), octets);
    }
    assert_eq!(RelativeTime::from_duration_ms(u64::MAX), None);
    assert_eq!(AbsoluteTime::from_unix_ms(0), None);
    assert_eq!(AbsoluteTime::from_unix_ms(i64::MAX), None);
}

proptest! {
    #[test]
    fn moments_survive(unix_ms in 946_684_800_000_i64..4_102_444_800_000) {
        let time = AbsoluteTime::from_unix_ms(unix_ms).unwrap();
        let read = SmppTime::parse(&SmppTime::Absolute(time).to_octets()).unwrap().unwrap();
        prop_assert_eq!(read, SmppTime::Absolute(time));
        prop_assert_eq!(read.resolve_unix_ms(0), unix_ms / 100 * 100);
    }

    #[test]
    fn durations_survive(seconds in 0_u64..3_000_000_000) {
        let time = RelativeTime::from_duration_ms(seconds * 1000).unwrap();
        prop_assert_eq!(time.duration_ms(), seconds * 1000);
        prop_assert_eq!(SmppTime::parse(&SmppTime::Relative(time).to_octets()), Ok(Some(SmppTime::Relative(time))));
    }
}
