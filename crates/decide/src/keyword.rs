//! Keywords: whether a phone's message is one of the words for stopping, starting and help.
//!
//! The words are data (`data/keywords/words.txt`), by language and with their sources. The whole message must
//! be the word: "please stop by at five" is none. Start at [`find`].

use std::collections::HashMap;
use std::sync::LazyLock;

use types::keyword::Keyword;

/// The words.
const WORDS: &str = include_str!("../data/keywords/words.txt");
/// Characters of a message that can be a word, with blanks and punctuation; longer ones are not looked at.
const CHARS_MAX: usize = 64;
/// The first and the last of the full-width forms of ASCII, and how far they are from it (Unicode, Halfwidth
/// and Fullwidth Forms).
const FULL_WIDTH: (char, char, u32) = ('\u{FF01}', '\u{FF5E}', 0xFEE0);

/// Meaning and language of each word; of a word of several languages the one that stands first.
static MEANINGS: LazyLock<HashMap<String, (Keyword, &str)>> = LazyLock::new(|| {
    let mut meanings = HashMap::new();
    for (keyword, language, word) in lines() {
        if let Some(word) = normal(word) {
            meanings.entry(word).or_insert((keyword, language));
        }
    }
    meanings
});

/// What a message means, if it is a keyword in any of the languages.
pub fn find(text: &str) -> Option<Keyword> {
    find_with_language(text).map(|(keyword, _)| keyword)
}

/// As [`find`], with the language of the word by two letters.
pub fn find_with_language(text: &str) -> Option<(Keyword, &'static str)> {
    MEANINGS.get(&normal(text)?).copied()
}

/// The languages that have words, by two letters each.
pub fn languages() -> std::collections::BTreeSet<&'static str> {
    lines().map(|(_, language, _)| language).collect()
}

/// The version of the words.
pub fn version() -> u32 {
    let stated = WORDS.lines().find_map(|line| line.strip_prefix("version "));
    stated.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Meaning, language and word of each line that has them.
fn lines() -> impl Iterator<Item = (Keyword, &'static str, &'static str)> {
    WORDS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut pieces = line.splitn(3, ' ');
        let keyword = Keyword::parse(pieces.next()?)?;
        Some((keyword, pieces.next()?, pieces.next()?))
    })
}

/// A text without what does not count: case, blanks, punctuation, accents, and the width of letters. `None`
/// for one that is too long to be a word, and for one without letters.
fn normal(text: &str) -> Option<String> {
    if text.chars().nth(CHARS_MAX).is_some() {
        return None;
    }
    let narrow = text.chars().map(narrow);
    let plain: String =
        narrow.flat_map(char::to_uppercase).map(without_accent).filter(|c| c.is_alphanumeric()).collect();
    (!plain.is_empty()).then_some(plain)
}

/// The ASCII character of a full-width one.
fn narrow(c: char) -> char {
    let (first, last, distance) = FULL_WIDTH;
    if !(first..=last).contains(&c) {
        return c;
    }
    u32::from(c).checked_sub(distance).and_then(char::from_u32).unwrap_or(c)
}

/// The letter below the accents of the languages that have a table. An accent that stands behind its letter
/// is no letter and falls away by itself.
const fn without_accent(c: char) -> char {
    match c {
        'À' | 'Á' | 'Â' | 'Ã' | 'Ä' | 'Å' => 'A',
        'Ç' => 'C',
        'È' | 'É' | 'Ê' | 'Ë' => 'E',
        'Ì' | 'Í' | 'Î' | 'Ï' => 'I',
        'Ñ' => 'N',
        'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ö' => 'O',
        'Ù' | 'Ú' | 'Û' | 'Ü' => 'U',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::{ProptestConfig, prop_assert_eq};
    use types::keyword::Keyword::{self, Help, Start, Stop};

    use super::{CHARS_MAX, WORDS, find, find_with_language, languages, lines, normal, version};

    #[test]
    fn words_are_known_however_they_are_written() {
        let cases = [
            ("STOP", Some(Stop)),
            ("stop", Some(Stop)),
            (" Stop. ", Some(Stop)),
            ("\"STOP!!!\"", Some(Stop)),
            ("S T O P", Some(Stop)),
            ("Stop all", Some(Stop)),
            ("STOPALL", Some(Stop)),
            ("opt-out", Some(Stop)),
            ("OPT OUT", Some(Stop)),
            ("optout", Some(Stop)),
            ("unsubscribe", Some(Stop)),
            ("Cancel", Some(Stop)),
            ("end", Some(Stop)),
            ("QUIT", Some(Stop)),
            ("revoke", Some(Stop)),
            ("STOP \u{1F6D1}", Some(Stop)),
            ("ＳＴＯＰ", Some(Stop)),
            ("ｓｔｏｐ！", Some(Stop)),
            ("　stop　", Some(Stop)),
            ("Arrêt", Some(Stop)),
            ("arre\u{302}t", Some(Stop)),
            ("désabonner", Some(Stop)),
            ("uitschrijven", Some(Stop)),
            ("退订", Some(Stop)),
            ("回复：", None),
            ("ｔｄ", Some(Stop)),
            ("START", Some(Start)),
            ("unstop", Some(Start)),
            ("Yes", Some(Start)),
            ("começar", Some(Start)),
            ("恢复。", Some(Start)),
            ("HELP", Some(Help)),
            ("info?", Some(Help)),
            ("Hilfe!", Some(Help)),
            ("ayuda", Some(Help)),
            ("hulp", Some(Help)),
            ("aide", Some(Help)),
            ("", None),
            ("...", None),
            ("\u{1F44D}", None),
            ("please stop by at five", None),
            ("stop it", None),
            ("don't stop", None),
            ("yes please", None),
            ("stopping", None),
            ("no", None),
        ];
        for (text, meaning) in cases {
            assert_eq!(find(text), meaning, "{text:?}");
        }
        let spaced = |blanks: usize| format!("STOP{}", " ".repeat(blanks));
        assert_eq!(find(&spaced(CHARS_MAX - 4)), Some(Stop));
        assert_eq!(find(&spaced(CHARS_MAX - 3)), None, "a long text is no word");
    }

    #[test]
    fn words_tell_their_language() {
        let cases = [("stop", "en"), ("Arrêt", "fr"), ("退订", "zh"), ("Hilfe", "de"), ("STOPPEN", "nl")];
        for (text, language) in cases {
            assert_eq!(find_with_language(text).map(|(_, found)| found), Some(language), "{text}");
        }
        assert_eq!(languages().len(), 8);
    }

    #[test]
    fn the_table_is_whole() {
        assert_eq!(version(), 1);
        let written = WORDS.lines().filter(|line| !line.starts_with('#') && !line.starts_with("version"));
        assert_eq!(written.count(), lines().count(), "a line cannot be read");
        let mut meanings: BTreeMap<String, Keyword> = BTreeMap::new();
        let mut languages: BTreeMap<Keyword, BTreeSet<&str>> = BTreeMap::new();
        for (keyword, language, word) in lines() {
            let word = normal(word).unwrap();
            let known = meanings.insert(word.clone(), keyword);
            assert!(known.is_none_or(|known| known == keyword), "{word} means two things");
            languages.entry(keyword).or_default().insert(language);
        }
        for keyword in Keyword::ALL {
            let all = ["de", "en", "es", "fr", "it", "nl", "pt", "zh"];
            assert_eq!(languages[keyword], all.into_iter().collect(), "{keyword}");
        }
    }

    proptest::proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        /// What does not count can be put anywhere.
        #[test]
        fn noise_changes_no_meaning(text in ".{0,40}", noise in "[ .!?,\\-_\"']{0,8}") {
            let noisy = format!("{noise}{text}{noise}");
            prop_assert_eq!(find(&noisy), find(&text));
        }
    }
}
