//! TwiML that answers a message from a phone: `<Response>` with `<Message>`s, of which the texts are wanted.
//! What is not understood is left out, and what is no TwiML asks for nothing.

/// Messages that one answer may ask for; others are left out.
const MESSAGES_MAX: usize = 10;

/// A message that is to be sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    /// Who sends it; the number that the phone wrote to when absent.
    pub(super) from: Option<String>,
    /// Who gets it; the phone when absent.
    pub(super) to: Option<String>,
    /// What it says.
    pub(super) text: String,
}

/// A piece of a document.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// `<name attributes>`; the flag says that it ends at once.
    Open(&'a str, &'a str, bool),
    /// `</name>`.
    Close(&'a str),
    /// Text between, with its escapes.
    Text(&'a str),
    /// Text that has none: CDATA.
    Literal(&'a str),
}

/// Reads the messages of a document.
pub(super) fn read(document: &[u8]) -> Vec<Message> {
    let Ok(text) = std::str::from_utf8(document) else { return Vec::new() };
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    let mut path: Vec<&str> = Vec::new();
    let mut messages = Vec::new();
    let mut current = Message::default();
    // Whether text stood in a `Body`; then what stands beside it is only layout.
    let mut has_body = false;
    while let Some((piece, behind)) = next(rest) {
        rest = behind;
        match piece {
            Piece::Open(name, attributes, ends) => {
                if path.is_empty() && name != "Response" {
                    return Vec::new();
                }
                path.push(name);
                if is_message(&path) {
                    let (from, to) = (attribute(attributes, "from"), attribute(attributes, "to"));
                    current = Message { from, to, text: String::new() };
                    has_body = false;
                }
                if is_body(&path) {
                    current.text.clear();
                    has_body = true;
                }
                if ends {
                    path.pop();
                }
            }
            Piece::Close(name) => {
                if path.last() != Some(&name) {
                    return Vec::new();
                }
                if is_message(&path) && messages.len() < MESSAGES_MAX {
                    let message = std::mem::take(&mut current);
                    let text = message.text.trim().to_owned();
                    if !text.is_empty() {
                        messages.push(Message { text, ..message });
                    }
                }
                path.pop();
            }
            Piece::Text(text) if is_body(&path) || (is_message(&path) && !has_body) => {
                current.text.push_str(&unescape(text));
            }
            Piece::Literal(text) if is_body(&path) || (is_message(&path) && !has_body) => {
                current.text.push_str(text);
            }
            Piece::Text(_) | Piece::Literal(_) => {}
        }
    }
    // A document that breaks off is none.
    if path.is_empty() && rest.trim().is_empty() { messages } else { Vec::new() }
}

/// `Sms` is the older name of `Message`.
fn is_message(path: &[&str]) -> bool {
    matches!(path, ["Response", "Message" | "Sms"])
}

fn is_body(path: &[&str]) -> bool {
    matches!(path, ["Response", "Message" | "Sms", "Body"])
}

/// The next piece and what follows; `None` at the end, or where it cannot be read.
fn next(text: &str) -> Option<(Piece<'_>, &str)> {
    if text.is_empty() {
        return None;
    }
    if let Some(inner) = text.strip_prefix("<![CDATA[") {
        return inner.split_once("]]>").map(|(literal, rest)| (Piece::Literal(literal), rest));
    }
    for (begin, end) in [("<!--", "-->"), ("<?", "?>")] {
        if let Some(inner) = text.strip_prefix(begin) {
            return inner.split_once(end).map(|(_, rest)| (Piece::Literal(""), rest));
        }
    }
    let Some(inner) = text.strip_prefix('<') else {
        let end = text.find('<').unwrap_or(text.len());
        let (words, rest) = text.split_at(end);
        return Some((Piece::Text(words), rest));
    };
    // No document of this kind declares entities.
    if inner.starts_with('!') {
        return None;
    }
    let (tag, rest) = inner.split_at(end_of_tag(inner)?);
    let rest = rest.strip_prefix('>')?;
    if let Some(name) = tag.strip_prefix('/') {
        return Some((Piece::Close(name.trim()), rest));
    }
    let (tag, ends) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
    let (name, attributes) = tag.split_at(tag.find(char::is_whitespace).unwrap_or(tag.len()));
    Some((Piece::Open(name, attributes, ends), rest))
}

/// Where a tag ends; a sign inside of quotes ends none.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    None
}

/// The value of an attribute, filled.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let mut rest = attributes.trim_start();
    while let Some((found, behind)) = rest.split_once('=') {
        let behind = behind.trim_start();
        let quote = behind.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (value, next) = behind.strip_prefix(quote)?.split_once(quote)?;
        if found.trim() == name {
            return Some(unescape(value)).filter(|value| !value.trim().is_empty());
        }
        rest = next.trim_start();
    }
    None
}

/// Undoes the escapes of XML; what is none stays as it is.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        plain.push_str(before);
        match behind.split_once(';').and_then(|(name, after)| Some((character(name)?, after))) {
            Some((character, after)) => {
                plain.push(character);
                rest = after;
            }
            None => {
                plain.push('&');
                rest = behind;
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn character(name: &str) -> Option<char> {
    let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match name.strip_prefix("#x") {
            Some(digits) => number(digits, 16),
            None => number(name.strip_prefix('#')?, 10),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{MESSAGES_MAX, Message, read};

    fn texts(document: &str) -> Vec<String> {
        read(document.as_bytes()).into_iter().map(|message| message.text).collect()
    }

    #[test]
    fn reads_messages_in_every_customary_shape() {
        let cases: &[(&str, &[&str])] = &[
            ("<Response><Message>Hi</Message></Response>", &["Hi"]),
            ("<Response><Message><Body>Hi &amp; ho</Body></Message></Response>", &["Hi & ho"]),
            (
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n  <Message>\n    <Body>a</Body>\n  \
                 </Message>\n<Message>b</Message></Response>\n",
                &["a", "b"],
            ),
            ("<Response><Sms>old</Sms></Response>", &["old"]),
            ("<Response><Message><![CDATA[<b> & c]]></Message></Response>", &["<b> & c"]),
            ("<Response><!-- <Message>no</Message> --><Message>yes</Message></Response>", &["yes"]),
            ("<Response><Message>&#8364; &#x20AC; &bad; &</Message></Response>", &["€ € &bad; &"]),
            (
                "<Response><Message><Media>https://a.example/</Media><Body>c</Body></Message></Response>",
                &["c"],
            ),
            ("<Response/>", &[]),
            ("<Response></Response>", &[]),
            ("<Response><Message/></Response>", &[]),
            ("<Response><Say>no</Say></Response>", &[]),
            ("<Response><Message>broken off", &[]),
            ("<Response><Message>crossed</Response></Message>", &[]),
            ("<Message>no response</Message>", &[]),
            ("<!DOCTYPE x [<!ENTITY a \"b\">]><Response><Message>&a;</Message></Response>", &[]),
            ("a plain text", &[]),
            ("", &[]),
        ];
        for (document, expected) in cases {
            assert_eq!(texts(document), *expected, "{document}");
        }
        assert_eq!(read(b"\xff\xfe"), []);
    }

    #[test]
    fn reads_who_writes_to_whom() {
        let document = "<Response><Message to=\"+447911123457\" action='/done?a=1&amp;b>2' from = \"ACME\">x\
                        </Message></Response>";
        let (from, to) = (Some("ACME".to_owned()), Some("+447911123457".to_owned()));
        assert_eq!(read(document.as_bytes()), [Message { from, to, text: "x".to_owned() }]);
    }

    #[test]
    fn one_answer_asks_for_so_many_and_no_more() {
        let many = format!("<Response>{}</Response>", "<Message>x</Message>".repeat(MESSAGES_MAX + 5));
        assert_eq!(texts(&many).len(), MESSAGES_MAX);
    }
}
