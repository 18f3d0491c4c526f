//! National languages and the pair of tables that a message may name (3GPP TS 23.038, annex A).
//!
//! Holds the look-ups in both directions for every table; the tables themselves are data in the sibling
//! modules. Start reading at [`NationalShift`].

use super::{ESCAPE, Septets, default, default_septets, indic_locking, indic_single, latin};

/// A national language with shift tables (3GPP TS 23.038, table 6.2.1.2.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Language {
    /// Turkish.
    Turkish = 1,
    /// Spanish, which has a single shift table only.
    Spanish = 2,
    /// Portuguese.
    Portuguese = 3,
    /// Bengali and Assamese.
    Bengali = 4,
    /// Gujarati.
    Gujarati = 5,
    /// Hindi.
    Hindi = 6,
    /// Kannada.
    Kannada = 7,
    /// Malayalam.
    Malayalam = 8,
    /// Oriya.
    Oriya = 9,
    /// Punjabi.
    Punjabi = 10,
    /// Tamil.
    Tamil = 11,
    /// Telugu.
    Telugu = 12,
    /// Urdu.
    Urdu = 13,
}

impl Language {
    /// Every language, by identifier.
    pub const ALL: [Language; 13] = [
        Language::Turkish,
        Language::Spanish,
        Language::Portuguese,
        Language::Bengali,
        Language::Gujarati,
        Language::Hindi,
        Language::Kannada,
        Language::Malayalam,
        Language::Oriya,
        Language::Punjabi,
        Language::Tamil,
        Language::Telugu,
        Language::Urdu,
    ];

    /// The language with this identifier, `None` for a reserved one.
    #[must_use]
    pub fn from_identifier(identifier: u8) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.identifier() == identifier)
    }

    /// The national language identifier, 1 to 13, as the user data header carries it.
    #[must_use]
    pub fn identifier(self) -> u8 {
        self as u8
    }

    /// Whether the language has a locking shift table: all but Spanish.
    #[must_use]
    pub fn has_locking_table(self) -> bool {
        self.locking_table().is_some()
    }

    fn locking_table(self) -> Option<&'static Table> {
        static TURKISH: Table = Table::new(latin::TURKISH_LOCKING);
        static PORTUGUESE: Table = Table::new(latin::PORTUGUESE_LOCKING);
        static BENGALI: Table = Table::new(indic_locking::BENGALI_LOCKING);
        static GUJARATI: Table = Table::new(indic_locking::GUJARATI_LOCKING);
        static HINDI: Table = Table::new(indic_locking::HINDI_LOCKING);
        static KANNADA: Table = Table::new(indic_locking::KANNADA_LOCKING);
        static MALAYALAM: Table = Table::new(indic_locking::MALAYALAM_LOCKING);
        static ORIYA: Table = Table::new(indic_locking::ORIYA_LOCKING);
        static PUNJABI: Table = Table::new(indic_locking::PUNJABI_LOCKING);
        static TAMIL: Table = Table::new(indic_locking::TAMIL_LOCKING);
        static TELUGU: Table = Table::new(indic_locking::TELUGU_LOCKING);
        static URDU: Table = Table::new(indic_locking::URDU_LOCKING);
        match self {
            Language::Turkish => Some(&TURKISH),
            Language::Spanish => None,
            Language::Portuguese => Some(&PORTUGUESE),
            Language::Bengali => Some(&BENGALI),
            Language::Gujarati => Some(&GUJARATI),
            Language::Hindi => Some(&HINDI),
            Language::Kannada => Some(&KANNADA),
            Language::Malayalam => Some(&MALAYALAM),
            Language::Oriya => Some(&ORIYA),
            Language::Punjabi => Some(&PUNJABI),
            Language::Tamil => Some(&TAMIL),
            Language::Telugu => Some(&TELUGU),
            Language::Urdu => Some(&URDU),
        }
    }

    fn single_table(self) -> &'static Table {
        static TURKISH: Table = Table::new(latin::TURKISH_SINGLE);
        static SPANISH: Table = Table::new(latin::SPANISH_SINGLE);
        static PORTUGUESE: Table = Table::new(latin::PORTUGUESE_SINGLE);
        static BENGALI: Table = Table::new(indic_single::BENGALI_SINGLE);
        static GUJARATI: Table = Table::new(indic_single::GUJARATI_SINGLE);
        static HINDI: Table = Table::new(indic_single::HINDI_SINGLE);
        static KANNADA: Table = Table::new(indic_single::KANNADA_SINGLE);
        static MALAYALAM: Table = Table::new(indic_single::MALAYALAM_SINGLE);
        static ORIYA: Table = Table::new(indic_single::ORIYA_SINGLE);
        static PUNJABI: Table = Table::new(indic_single::PUNJABI_SINGLE);
        static TAMIL: Table = Table::new(indic_single::TAMIL_SINGLE);
        static TELUGU: Table = Table::new(indic_single::TELUGU_SINGLE);
        static URDU: Table = Table::new(indic_single::URDU_SINGLE);
        match self {
            Language::Turkish => &TURKISH,
            Language::Spanish => &SPANISH,
            Language::Portuguese => &PORTUGUESE,
            Language::Bengali => &BENGALI,
            Language::Gujarati => &GUJARATI,
            Language::Hindi => &HINDI,
            Language::Kannada => &KANNADA,
            Language::Malayalam => &MALAYALAM,
            Language::Oriya => &ORIYA,
            Language::Punjabi => &PUNJABI,
            Language::Tamil => &TAMIL,
            Language::Telugu => &TELUGU,
            Language::Urdu => &URDU,
        }
    }
}

/// The national tables that a message names in its user data header: none, a locking shift, a single shift or
/// both, which need not be of one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct NationalShift {
    locking: Option<Language>,
    single: Option<Language>,
}

impl NationalShift {
    /// No national table: the default alphabet with its extension table.
    pub const NONE: NationalShift = NationalShift { locking: None, single: None };

    /// Names a pair of tables. A locking language without a locking table counts as none.
    #[must_use]
    pub fn new(locking: Option<Language>, single: Option<Language>) -> NationalShift {
        NationalShift { locking: locking.filter(|language| language.has_locking_table()), single }
    }

    /// The language of the locking shift table, which replaces the default alphabet.
    #[must_use]
    pub fn locking(self) -> Option<Language> {
        self.locking
    }

    /// The language of the single shift table, which replaces the extension table.
    #[must_use]
    pub fn single(self) -> Option<Language> {
        self.single
    }

    /// Whether no national table is named.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == NationalShift::NONE
    }

    /// Octets of the information elements that name the tables: 0, 3 or 6, without the header length octet.
    #[must_use]
    pub fn element_octets(self) -> usize {
        3 * (usize::from(self.locking.is_some()) + usize::from(self.single.is_some()))
    }

    /// Looks up a character, in the locking table first because that costs one septet less.
    pub(super) fn septets_of(self, character: char) -> Option<Septets> {
        let default = || default_septets(character);
        let plain = match self.locking.and_then(Language::locking_table) {
            Some(table) => table.septet_of(character).map(Septets::Plain),
            None => default().filter(|septets| matches!(septets, Septets::Plain(_))),
        };
        plain.or_else(|| match self.single {
            Some(language) => language.single_table().septet_of(character).map(Septets::Extended),
            None => default().filter(|septets| matches!(septets, Septets::Extended(_))),
        })
    }

    /// Reads a septet of the main table; `None` where it is undefined, an escape, or not a septet.
    pub(super) fn locking_character(self, septet: u8) -> Option<char> {
        match self.locking.and_then(Language::locking_table) {
            Some(table) => table.character_of(septet),
            None => character_in(&default::DEFAULT, septet),
        }
    }

    /// Reads the septet after an escape; `None` where the table leaves it undefined.
    pub(super) fn single_character(self, septet: u8) -> Option<char> {
        match self.single {
            Some(language) => language.single_table().character_of(septet),
            None => character_in(&default::EXTENSION, septet),
        }
    }
}

/// Number of codes in a table.
const CODES: usize = 128;

/// A table with its reverse.
struct Table {
    /// Code points by septet, zero where undefined.
    code_points: [u16; CODES],
    /// Code points with their lowest septet, ascending; zeros first for undefined and repeated codes.
    reverse: [(u16, u8); CODES],
}

impl Table {
    /// Builds the reverse by insertion sort. A character with two codes keeps the lower one.
    #[expect(
        clippy::indexing_slicing,
        reason = "runs only at compile time, where a bad index is a build error"
    )]
    const fn new(code_points: [u16; CODES]) -> Table {
        let mut reverse = [(0_u16, 0_u8); CODES];
        let mut septet = 0_u8;
        while (septet as usize) < CODES {
            let mut entry = (code_points[septet as usize], septet);
            let mut earlier = 0;
            while earlier < septet as usize {
                if code_points[earlier] == entry.0 {
                    entry.0 = 0;
                }
                earlier += 1;
            }
            let mut place = septet as usize;
            while place > 0 && reverse[place - 1].0 > entry.0 {
                reverse[place] = reverse[place - 1];
                place -= 1;
            }
            reverse[place] = entry;
            septet += 1;
        }
        Table { code_points, reverse }
    }

    fn character_of(&self, septet: u8) -> Option<char> {
        character_in(&self.code_points, septet)
    }

    fn septet_of(&self, character: char) -> Option<u8> {
        // Zero marks undefined codes in the reverse, and no table holds U+0000.
        let code_point = u16::try_from(u32::from(character)).ok().filter(|code_point| *code_point != 0)?;
        let place = self.reverse.binary_search_by_key(&code_point, |entry| entry.0).ok()?;
        self.reverse.get(place).map(|entry| entry.1)
    }
}

fn character_in(code_points: &[u16; CODES], septet: u8) -> Option<char> {
    debug_assert_eq!(code_points.get(usize::from(ESCAPE)), Some(&0));
    match code_points.get(usize::from(septet)) {
        None | Some(0) => None,
        Some(code_point) => char::from_u32(u32::from(*code_point)),
    }
}
