//! In which time zones a phone may be, by the leading digits of its number.
//!
//! The prefixes are data (`data/zones/prefixes.txt`), with their source and version; the rules of the zones come with
//! the library, and nothing is read from the machine. A number tells where it was given out, not where its phone is:
//! a country with many zones gives many candidates. Start at [`zones_of`].

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use jiff::tz::TimeZone;
use types::address::Msisdn;
use types::quiet::ZoneSource;

use crate::numbering;
use crate::prefix::PrefixMap;

/// The prefixes.
const PREFIXES: &str = include_str!("../data/zones/prefixes.txt");

/// A zone by its name. Its rules are read when they are asked for first.
#[derive(Debug)]
pub struct Zone {
    name: Box<str>,
    rules: OnceLock<Option<TimeZone>>,
}

impl Zone {
    fn new(name: &str) -> Self {
        Self { name: name.into(), rules: OnceLock::new() }
    }

    /// Its name in the IANA database, e.g. `Europe/Brussels`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its rules; `None` for a name that the database does not have.
    pub(crate) fn rules(&self) -> Option<&TimeZone> {
        self.rules.get_or_init(|| TimeZone::get(&self.name).ok()).as_ref()
    }
}

/// The table: zones, and which of them belong to a prefix.
struct Table {
    zones: Vec<Zone>,
    prefixes: PrefixMap<Box<[usize]>>,
    /// Those of whole country codes.
    codes: HashMap<u64, Box<[usize]>>,
}

/// Digits of the longest country code.
const CODE_DIGITS_MAX: usize = 3;

static TABLE: LazyLock<Table> = LazyLock::new(read);
/// What stands in where nothing is known.
static UNIVERSAL: LazyLock<Zone> = LazyLock::new(|| Zone::new("UTC"));

fn read() -> Table {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut table = Table { zones: Vec::new(), prefixes: PrefixMap::default(), codes: HashMap::new() };
    let is_entry = |line: &&str| line.starts_with(|first: char| first.is_ascii_digit());
    for line in PREFIXES.lines().filter(is_entry) {
        let mut words = line.split(' ');
        let prefix = words.next().unwrap_or("");
        let place = |name| {
            *places.entry(name).or_insert_with(|| {
                table.zones.push(Zone::new(name));
                table.zones.len() - 1
            })
        };
        let zones: Box<[usize]> = words.map(place).collect();
        if prefix.len() <= CODE_DIGITS_MAX {
            table.codes.extend(prefix.parse().ok().map(|code: u64| (code, zones.clone())));
        }
        // Each prefix stands once, and is made of digits, which a test sees.
        drop(table.prefixes.insert(prefix, zones));
    }
    table
}

/// The version of the table: that of the package that it was made from.
pub fn version() -> &'static str {
    PREFIXES.lines().find_map(|line| line.strip_prefix("version ")).unwrap_or("")
}

/// The zones in which a phone may be; never none.
#[derive(Clone, Debug)]
pub struct Candidates {
    zones: Vec<&'static Zone>,
    stated: Option<std::sync::Arc<Zone>>,
    /// Where they come from.
    pub source: ZoneSource,
}

impl Candidates {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Zone> {
        self.zones.iter().copied().chain(self.stated.as_deref())
    }

    /// Their names, in the order of the alphabet.
    pub fn names(&self) -> Box<[Box<str>]> {
        let mut names: Vec<Box<str>> = self.iter().map(|zone| zone.name().into()).collect();
        names.sort_unstable();
        names.into()
    }
}

/// The zones in which a phone may be: the one that its sender knows it to be in, or those that its number may be of.
/// Where nothing is known, UTC stands in.
pub fn zones_of(number: Msisdn, stated: Option<&str>) -> Candidates {
    let stated = stated.map(Zone::new).filter(|zone| zone.rules().is_some());
    if let Some(zone) = stated {
        return Candidates { zones: Vec::new(), stated: Some(zone.into()), source: ZoneSource::Stated };
    }
    let found = match numbering::code_of_no_place(number) {
        Some(code) => TABLE.codes.get(&code),
        None => None,
    };
    let found = found.or_else(|| TABLE.prefixes.get(number).map(|(_, places)| places));
    let found = found.map_or(&[][..], |places| places);
    let zones: Vec<_> = found.iter().filter_map(|place| TABLE.zones.get(*place)).collect();
    if zones.is_empty() {
        return Candidates { zones: vec![&UNIVERSAL], stated: None, source: ZoneSource::Unknown };
    }
    Candidates { zones, stated: None, source: ZoneSource::Number }
}

#[cfg(test)]
mod tests {
    use types::address::Msisdn;
    use types::quiet::ZoneSource;

    use super::{PREFIXES, TABLE, version, zones_of};

    const EXAMPLES: &str = include_str!("../data/zones/examples.txt");

    fn names(number: &str) -> Vec<String> {
        let number = Msisdn::parse(number).unwrap();
        zones_of(number, None).names().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_number_may_be_where_the_package_says_that_it_may_be() {
        let lines = EXAMPLES.lines().filter(|line| !line.starts_with('#'));
        let mut count = 0;
        for line in lines {
            let mut words = line.split(' ');
            let number = words.next().unwrap();
            assert_eq!(names(number), words.collect::<Vec<_>>(), "{number}");
            count += 1;
        }
        assert!(count > 400, "{count}");
    }

    #[test]
    fn every_zone_of_the_table_has_rules() {
        let unknown: Vec<_> = TABLE.zones.iter().filter(|zone| zone.rules().is_none()).collect();
        assert!(unknown.is_empty() && TABLE.zones.len() > 250, "{unknown:?}");
        let entries = PREFIXES.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).count();
        assert!(entries > 3_000 && !version().is_empty(), "{entries} {}", version());
    }

    #[test]
    fn what_the_sender_knows_goes_before_what_the_number_tells() {
        let number = Msisdn::parse("12025550100").unwrap();
        let stated = zones_of(number, Some("America/Denver"));
        assert_eq!((stated.source, &*stated.names()[0]), (ZoneSource::Stated, "America/Denver"));
        let wrong = zones_of(number, Some("Europe/Atlantis"));
        assert_eq!((wrong.source, &*wrong.names()[0]), (ZoneSource::Number, "America/New_York"));
        let nowhere = zones_of(Msisdn::parse("999999999999").unwrap(), None);
        assert_eq!((nowhere.source, &*nowhere.names()[0]), (ZoneSource::Unknown, "UTC"));
    }
}
