//! Forms with files, as browsers send them (RFC 7578): read from a body that is whole.

/// A field of a form, or a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    /// The name of the field.
    pub(crate) name: &'a str,
    /// What it holds.
    pub(crate) content: &'a [u8],
}

/// The most fields that are read; what comes behind them is left aside.
const PARTS_MAX: usize = 20;

/// The fields of a form; `None` for a body that is none of this kind. A field that cannot be read is left aside.
pub(crate) fn parts<'a>(content_type: &str, body: &'a [u8]) -> Option<Vec<Part<'a>>> {
    let boundary = content_type.strip_prefix("multipart/form-data")?.split_once("boundary=")?.1;
    let boundary = boundary.split(';').next()?.trim().trim_matches('"');
    if boundary.is_empty() || boundary.len() > 70 {
        return None;
    }
    let line = format!("\r\n--{boundary}");
    let (_, mut rest) = split(body, line.trim_start().as_bytes())?;
    let mut found = Vec::new();
    // What is behind the last boundary begins with two hyphens.
    while found.len() < PARTS_MAX && !rest.starts_with(b"--") {
        let (part, behind) = split(rest, line.as_bytes())?;
        found.extend(read(part));
        rest = behind;
    }
    Some(found)
}

fn read(part: &[u8]) -> Option<Part<'_>> {
    let (head, content) = split(part, b"\r\n\r\n")?;
    let head = std::str::from_utf8(head).ok()?;
    let disposition =
        head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let (_, name) = disposition.split_once("; name=\"")?;
    let (name, _) = name.split_once('"')?;
    Some(Part { name, content })
}

/// What stands before and behind the first place of some octets.
fn split<'a>(octets: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = octets.windows(at.len()).position(|window| window == at)?;
    Some((octets.get(..place)?, octets.get(place + at.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::parts;

    const TYPE: &str = "multipart/form-data; boundary=----x7";

    #[test]
    fn fields_and_files_are_read() {
        let body = "------x7\r\nContent-Disposition: form-data; name=\"group\"\r\n\r\ngrp_1\r\n------x7\r\n\
                    Content-Disposition: form-data; name=\"table\"; filename=\"a.csv\"\r\n\
                    Content-Type: text/csv\r\n\r\nnumber\r\n32470000001\r\n\r\n------x7--\r\n";
        let read = parts(TYPE, body.as_bytes()).unwrap();
        let read: Vec<_> =
            read.iter().map(|part| (part.name, std::str::from_utf8(part.content).unwrap())).collect();
        assert_eq!(read, [("group", "grp_1"), ("table", "number\r\n32470000001\r\n")]);
    }

    #[test]
    fn what_is_cut_or_of_another_kind_is_none() {
        let whole = b"------x7\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n------x7--";
        assert_eq!(parts(TYPE, whole).map(|read| read.len()), Some(1));
        for length in 0..whole.len() - 10 {
            assert_eq!(parts(TYPE, &whole[..length]), None, "{length}");
        }
        for kind in
            ["application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary="]
        {
            assert_eq!(parts(kind, whole), None, "{kind}");
        }
    }
}
