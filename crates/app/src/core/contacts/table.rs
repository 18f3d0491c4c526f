//! Contacts from a table in CSV (RFC 4180), as spreadsheets write it. Start at [`read_contacts`].

use std::collections::BTreeMap;

use types::address::Msisdn;
use types::contact::Contact;
use types::refusal::{Refusal, RefusalCode};

/// Reads contacts from CSV. The first line names the columns: `number`, and in any order `name`, `language`,
/// `time_zone`; every other one is an attribute. Commas, semicolons or tabs stand between them, whichever the
/// first line has. An empty cell states nothing.
///
/// # Errors
/// `invalid_request` that names the line.
pub fn read_contacts(document: &str) -> Result<Vec<Contact>, Refusal> {
    let document = document.trim_start_matches('\u{feff}');
    let head_line = document.lines().next().unwrap_or("");
    let separator =
        [',', ';', '\t'].into_iter().max_by_key(|sign| (head_line.matches(*sign).count(), *sign == ','));
    let records = records(document, separator.unwrap_or(','))?;
    let mut records = records.into_iter();
    let Some((_, head)) = records.next() else {
        return Err(refused(1, "expected a first line with the names of columns, one of them `number`"));
    };
    let head: Vec<String> = head.into_iter().map(|name| name.trim().to_owned()).collect();
    let known = |wanted: &str| head.iter().position(|name| name.eq_ignore_ascii_case(wanted));
    let Some(number) = known("number").or_else(|| known("phone")) else {
        return Err(refused(1, "no column is called `number`"));
    };
    let (name, language, time_zone) = (known("name"), known("language"), known("time_zone"));
    let own = [Some(number), name, language, time_zone];
    let others = || head.iter().enumerate().filter(|(place, _)| !own.contains(&Some(*place)));
    let mut contacts = Vec::new();
    for (line, cells) in records {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if cells.len() > head.len() {
            return Err(refused(line, "there are more cells than columns"));
        }
        let cell = |place: usize| cells.get(place).map_or("", |cell| cell.trim());
        let at = |place: Option<usize>| place.map_or(String::new(), |place| cell(place).to_owned());
        let Some(number) = Msisdn::parse(cell(number)) else {
            return Err(refused(line, "expected a number with its country code"));
        };
        let attributes: BTreeMap<String, String> = others()
            .map(|(place, column)| (column.clone(), cell(place).to_owned()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let contact = Contact {
            number,
            name: at(name).into(),
            language: at(language),
            time_zone: at(time_zone),
            attributes: attributes.into(),
        };
        decide::contact::check(&contact).map_err(|refusal| {
            refused(line, &format!("{}: {}", refusal.field.unwrap_or_default(), refusal.detail))
        })?;
        contacts.push(contact);
    }
    Ok(contacts)
}

fn refused(line: usize, detail: &str) -> Refusal {
    Refusal::new(RefusalCode::InvalidRequest, format!("line {line}: {detail}")).at("csv")
}

/// The records with the lines on which they begin. A cell in quotation marks may have anything in it, also
/// line breaks; two quotation marks stand for one.
fn records(document: &str, separator: char) -> Result<Vec<(usize, Vec<String>)>, Refusal> {
    let mut found = Vec::new();
    let (mut line, mut began) = (1_usize, 1_usize);
    let (mut cells, mut cell) = (Vec::new(), String::new());
    let mut is_quoted = false;
    let mut signs = document.chars().peekable();
    while let Some(sign) = signs.next() {
        line += usize::from(sign == '\n');
        match sign {
            '"' if is_quoted && signs.peek() == Some(&'"') => {
                cell.push('"');
                signs.next();
            }
            '"' if is_quoted => is_quoted = false,
            '"' if cell.trim().is_empty() => {
                cell.clear();
                is_quoted = true;
            }
            _ if is_quoted => cell.push(sign),
            '\r' if signs.peek() == Some(&'\n') => {}
            '\n' => {
                cells.push(std::mem::take(&mut cell));
                found.push((began, std::mem::take(&mut cells)));
                began = line;
            }
            _ if sign == separator => cells.push(std::mem::take(&mut cell)),
            _ => cell.push(sign),
        }
    }
    if is_quoted {
        return Err(refused(began, "a quotation mark is not closed"));
    }
    if !cell.is_empty() || !cells.is_empty() {
        cells.push(cell);
        found.push((began, cells));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::read_contacts;

    #[test]
    fn tables_of_spreadsheets_are_read() {
        let cases = [
            "number,name,city\n+44 7911 123456,\"Ada, \"\"Countess\"\"\",London\n\n",
            "\u{feff}name;number;city\r\n\"Ada, \"\"Countess\"\"\";447911123456;London\r\n",
            "City\tNUMBER\tName\nLondon\t447911123456\tAda, \"Countess\"".replace("City", "city").leak(),
        ];
        for document in cases {
            let contacts = read_contacts(document).unwrap();
            assert_eq!(contacts.len(), 1, "{document}");
            let contact = &contacts[0];
            assert_eq!(contact.number.digits(), "447911123456");
            assert_eq!(contact.name.expose(), "Ada, \"Countess\"", "{document}");
            assert_eq!(contact.attributes.expose()["city"], "London");
        }
        let bare =
            read_contacts("phone,language,time_zone,a\n447911123456\n32470123456,nl,Europe/Brussels,\n")
                .unwrap();
        assert_eq!(
            (bare.len(), bare[1].language.as_str(), bare[1].time_zone.as_str()),
            (2, "nl", "Europe/Brussels")
        );
        assert!(bare[1].attributes.expose().is_empty(), "an empty cell states nothing");
        let broken = read_contacts("number,note\n447911123456,\"two\nlines\"\n32470123456,x\n").unwrap();
        assert_eq!(broken[0].attributes.expose()["note"], "two\nlines");
        assert_eq!(read_contacts("number\n").unwrap(), []);
    }

    #[test]
    fn the_line_at_fault_is_named() {
        let cases = [
            ("", "line 1"),
            ("name\nAda\n", "no column is called"),
            ("number\n447911123456\nnonsense\n", "line 3: expected a number"),
            ("number,a\n447911123456,\"x\ny\"\n12,\n", "line 4: expected a number"),
            ("number\n447911123456,x\n", "line 2: there are more cells"),
            ("number,name\n447911123456,\"open\n", "line 2: a quotation mark"),
            ("number,the city\n447911123456,x\n", "line 2: attributes"),
            ("number,time_zone\n447911123456,Mars\n", "line 2: time_zone"),
        ];
        for (document, expected) in cases {
            let refusal = read_contacts(document).unwrap_err();
            assert!(refusal.detail.contains(expected), "{document:?}: {refusal}");
        }
    }
}
