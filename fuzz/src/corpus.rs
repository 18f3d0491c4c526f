//! The kept inputs of a target: one file each, in a folder of the target's name.
//!
//! A file that ends in `.hex` holds hexadecimal digits, with comments from `#` to the end of a line; any other is
//! taken as it is. Findings are kept as `.hex`, so that every one can be read and compared in a review.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

/// Octets in a line of a file that is written.
const LINE_OCTETS: usize = 32;

/// Reads every input of a folder, in the order of the names. A folder that is missing is an error: a target
/// without seeds finds nothing.
pub(crate) fn read(folder: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("there are no seeds in {}", folder.display()))?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    paths.iter().map(|path| read_file(path)).collect()
}

/// Reads one input.
pub(crate) fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    let octets = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    if path.extension().is_none_or(|ending| ending != "hex") {
        return Ok(octets);
    }
    let text = String::from_utf8(octets).with_context(|| format!("{} is not text", path.display()))?;
    from_hex(&text).ok_or_else(|| anyhow!("{} is not hexadecimal", path.display()))
}

/// Writes a finding beside the seeds, under a name of its content.
pub(crate) fn keep(folder: &Path, input: &[u8]) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    // FNV-1a: any hash that stays the same will do.
    let hash = input.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, octet| {
        (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01B3)
    });
    let path = folder.join(format!("found-{hash:016x}.hex"));
    fs::write(&path, to_hex(input)).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let uncommented = text.lines().map(|line| line.split('#').next().unwrap_or(""));
    let digits: Vec<u8> =
        uncommented.flat_map(str::bytes).filter(|octet| !octet.is_ascii_whitespace()).collect();
    let (pairs, odd) = digits.as_chunks::<2>();
    let digit = |octet: u8| char::from(octet).to_digit(16);
    let value = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok();
    if odd.is_empty() { pairs.iter().map(value).collect() } else { None }
}

fn to_hex(octets: &[u8]) -> String {
    let mut text = String::new();
    for line in octets.chunks(LINE_OCTETS) {
        for octet in line {
            // Writing to a string cannot fail.
            write!(text, "{octet:02x}").unwrap_or_default();
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{from_hex, keep, read, to_hex};

    #[test]
    fn hexadecimal_text_goes_both_ways() {
        for (text, octets) in [
            ("00ff", Some(vec![0, 255])),
            ("# header\n00 01 # length\n\n7F", Some(vec![0, 1, 0x7F])),
            ("", Some(vec![])),
            ("0", None),
            ("0g", None),
            ("+1", None),
        ] {
            assert_eq!(from_hex(text), octets, "{text}");
        }
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(from_hex(&to_hex(&all)), Some(all));
    }

    #[test]
    fn findings_are_kept_among_the_seeds() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(&folder.path().join("absent")).is_err());
        keep(folder.path(), b"found").unwrap();
        std::fs::write(folder.path().join("seed.json"), "{}").unwrap();
        assert_eq!(read(folder.path()).unwrap(), [b"found".to_vec(), b"{}".to_vec()]);
        std::fs::write(folder.path().join("bad.hex"), "xyz").unwrap();
        assert!(read(folder.path()).is_err());
    }
}
