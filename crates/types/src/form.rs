//! The form in which an attempt puts a message: alphabet, data coding, division, reference.
//!
//! One function decides it, [`fit`], and one carries it out, [`user_data`]. The engine keeps the form
//! with the attempt before it is made, and a channel writes what the form says or nothing at all, so
//! that the octets on the wire follow from what was kept. Part arithmetic itself is `gsm-text`'s.

use gsm_text::{Alphabet, Concatenation, DataCoding, SplitOptions};

use crate::message::{Content, OctetContent, coded_enum};

/// Tag of `sar_total_segments` (SMPP 3.4, section 5.3.2.23).
const SAR_TOTAL_SEGMENTS: u16 = 0x020E;

/// How a channel joins the parts of a long message; it decides how many parts a text needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    /// User data header with an 8-bit reference.
    Udh8,
    /// User data header with a 16-bit reference: one unit less per part.
    Udh16,
    /// SAR optional parameters; the carrier adds the header.
    Sar,
    /// The whole text in `message_payload`; the carrier splits.
    Payload,
    /// The whole text as one request; the supplier splits.
    Whole,
}

/// What `data_coding` 0 means for a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CarrierAlphabet {
    /// GSM 7-bit, unpacked.
    #[default]
    Gsm7,
    /// ISO-8859-1.
    Latin1,
    /// UCS-2.
    Ucs2,
}

/// What a channel asks of the form; fixed while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// How it joins long messages.
    pub joining: Joining,
    /// What `data_coding` 0 means for the carrier.
    pub alphabet: CarrierAlphabet,
    /// Whether it carries octets in the customer's own coding.
    pub octets: bool,
}

coded_enum!(
    /// How user data is written.
    Encoding {
        /// GSM 7-bit, a septet to an octet.
        Gsm7 = 0, "gsm7";
        /// Divided as GSM 7-bit, so that the carrier's conversion fits, and written in ISO-8859-1.
        Latin1 = 1, "latin1";
        /// UCS-2, big-endian.
        Ucs2 = 2, "ucs2";
        /// The customer's octets.
        Octets = 3, "octets";
        /// UTF-8, in a request of another protocol.
        Utf8 = 4, "utf8";
    }
);

coded_enum!(
    /// What holds the parts of an attempt together.
    Joined {
        /// There is one part.
        None = 0, "none";
        /// User data headers with an 8-bit reference.
        Udh8 = 1, "udh8";
        /// User data headers with a 16-bit reference.
        Udh16 = 2, "udh16";
        /// SAR optional parameters.
        Sar = 3, "sar";
        /// One request with `message_payload`; the carrier divides.
        Payload = 4, "message_payload";
        /// One request with the customer's own header or parameters.
        Own = 5, "own";
        /// One request with the whole text; the supplier divides.
        Whole = 6, "whole";
    }
);

coded_enum!(
    /// Whether the characters sent are those that were received.
    Rendering {
        /// They are.
        AsReceived = 0, "as_received";
        /// Some were replaced.
        Transliterated = 1, "transliterated";
        /// The end was cut off.
        Truncated = 2, "truncated";
    }
);

/// The form of one attempt: with the content and this, the user data of every part is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// `data_coding` (SMPP 3.4, 5.2.19); 0 where the protocol has none.
    pub data_coding: u8,
    /// How user data is written.
    pub encoding: Encoding,
    /// What holds the parts together.
    pub joined: Joined,
    /// The reference that the parts share; 0 where nothing refers. An 8-bit header has its low octet.
    pub reference: u16,
    /// Whether the characters are those that were received.
    pub rendering: Rendering,
}

impl Form {
    /// How many requests a message of so many parts makes on the link.
    pub const fn requests(&self, parts: u8) -> u8 {
        match self.joined {
            Joined::Udh8 | Joined::Udh16 | Joined::Sar => parts,
            Joined::None | Joined::Payload | Joined::Own | Joined::Whole => 1,
        }
    }
}

/// A content fits a channel: in this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The form.
    pub form: Form,
    /// Parts that the carrier counts, 1 to 255.
    pub parts: u8,
}

/// One request's user data.
#[derive(Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its number, from one.
    pub number: u8,
    /// How many there are.
    pub total: u8,
    /// Whether the octets begin with a user data header.
    pub has_header: bool,
    /// User data header, if any, and text.
    pub octets: Vec<u8>,
}

impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Piece {{ {} of {}, *** }}", self.number, self.total)
    }
}

/// A content cannot be put in a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the content cannot be put in this form")]
pub struct Unfit;

/// The form in which a channel takes a content; `None` when it cannot be carried there, or would need
/// more parts than the text is billed as. `reference` is what parts of this message share.
pub fn fit(content: &Content, manner: &Manner, reference: u16) -> Option<Fit> {
    match content {
        Content::Text(text) => fit_text(text, manner, reference, false),
        Content::Octets(_) if !manner.octets => None,
        Content::Octets(octets) if is_recoded(octets, manner) => {
            let decoded = gsm_text::decode_alphabet(&octets.payload, Alphabet::Gsm7);
            let mut fit = fit_text(&decoded.text, manner, reference, is_segment(octets))?;
            if decoded.lossy {
                fit.form.rendering = Rendering::Transliterated;
            }
            Some(fit)
        }
        Content::Octets(octets) => fit_octets(octets, manner, reference),
    }
}

/// The content as sent, where its characters differ from those received.
pub fn sent_content(content: &Content, form: &Form) -> Option<Content> {
    match (form.rendering, content) {
        (Rendering::AsReceived, _) | (_, Content::Text(_)) => None,
        (Rendering::Transliterated | Rendering::Truncated, Content::Octets(octets)) => {
            Some(Content::Text(gsm_text::decode_alphabet(&octets.payload, Alphabet::Gsm7).text))
        }
    }
}

/// The user data of every request, in order.
///
/// # Errors
/// [`Unfit`] for a form that [`fit`] did not give for this content.
pub fn user_data(content: &Content, form: &Form) -> Result<Vec<Piece>, Unfit> {
    match (content, form.encoding) {
        (Content::Text(text), _) => text_pieces(text, form),
        (Content::Octets(octets), Encoding::Octets) => octet_pieces(octets, form),
        (Content::Octets(octets), _) => {
            text_pieces(&gsm_text::decode_alphabet(&octets.payload, Alphabet::Gsm7).text, form)
        }
    }
}

/// How many parts octets in the customer's own coding are billed as; `None` when their header
/// cannot be read.
pub fn octet_parts(octets: &OctetContent) -> Option<u32> {
    let (header_octets, body): (usize, &[u8]) = if octets.has_header {
        let (header, body) = gsm_text::split_udh(&octets.payload).ok()?;
        (header.octets().len(), body)
    } else {
        (0, &octets.payload)
    };
    let alphabet = DataCoding::from_octet(octets.data_coding).alphabet(Alphabet::Gsm7);
    let count = match alphabet {
        Some(alphabet) => gsm_text::count_body(body, alphabet, header_octets),
        None => gsm_text::count_octets(body.len(), header_octets),
    };
    u32::try_from(count.parts).ok()
}

/// 0 means GSM 7-bit to our customers; where it means something else to the carrier, the text is
/// written anew.
fn is_recoded(octets: &OctetContent, manner: &Manner) -> bool {
    let is_default = DataCoding::from_octet(octets.data_coding) == DataCoding::DEFAULT;
    is_default && manner.alphabet != CarrierAlphabet::Gsm7 && !octets.has_header
}

/// Whether the octets are one of several parts that the customer joined by SAR parameters.
fn is_segment(octets: &OctetContent) -> bool {
    let mut rest = octets.tlvs.as_slice();
    while let Some(([tag_high, tag_low, length_high, length_low], after)) = rest.split_first_chunk::<4>() {
        let length = usize::from(u16::from_be_bytes([*length_high, *length_low]));
        let Some((value, after)) = after.split_at_checked(length) else { return false };
        if u16::from_be_bytes([*tag_high, *tag_low]) == SAR_TOTAL_SEGMENTS {
            return value.first().is_some_and(|total| *total > 1);
        }
        rest = after;
    }
    false
}

fn fit_text(text: &str, manner: &Manner, reference: u16, own: bool) -> Option<Fit> {
    let billed = gsm_text::count(text);
    if manner.joining == Joining::Whole {
        let (encoding, joined) = (Encoding::Utf8, Joined::Whole);
        let form = Form { data_coding: 0, encoding, joined, reference, rendering: Rendering::AsReceived };
        return Some(Fit { form, parts: u8::try_from(billed.parts).ok()? });
    }
    let is_latin1 = || text.chars().all(|c| Alphabet::Latin1.units_of(c).is_some());
    let encoding = match (billed.alphabet, manner.alphabet) {
        (Alphabet::Gsm7, CarrierAlphabet::Gsm7) => Encoding::Gsm7,
        (Alphabet::Gsm7, CarrierAlphabet::Latin1 | CarrierAlphabet::Ucs2) if is_latin1() => Encoding::Latin1,
        // Characters like the euro sign that the carrier's default alphabet lacks.
        _ => Encoding::Ucs2,
    };
    let counted = match (encoding, billed.alphabet) {
        (Encoding::Ucs2, Alphabet::Gsm7) => gsm_text::count_in(text, Alphabet::Ucs2).ok()?.parts,
        _ => billed.parts,
    };
    let parts = match manner.joining {
        Joining::Udh16 if counted > 1 => {
            gsm_text::split(text, &options(Concatenation::Udh16, 0, encoding)).ok()?.parts.len()
        }
        _ => counted,
    };
    // More parts than the customer pays for are never sent.
    if parts > billed.parts {
        return None;
    }
    let data_coding = match (encoding, manner.alphabet) {
        (Encoding::Ucs2, _) => DataCoding::UCS2,
        (Encoding::Latin1, CarrierAlphabet::Ucs2) => DataCoding::LATIN1,
        _ => DataCoding::DEFAULT,
    };
    let joined = if own { Joined::Own } else { joined(parts, manner.joining) };
    let form = Form {
        data_coding: data_coding.octet(),
        encoding,
        joined,
        reference: if refers(joined) { reference } else { 0 },
        rendering: Rendering::AsReceived,
    };
    Some(Fit { form, parts: u8::try_from(parts).ok()? })
}

fn fit_octets(octets: &OctetContent, manner: &Manner, reference: u16) -> Option<Fit> {
    let own = octets.has_header || is_segment(octets);
    let alphabet = body_alphabet(octets);
    let counted = gsm_text::count_body(&octets.payload, alphabet, 0).parts;
    let (joined, parts) = if own {
        (Joined::Own, usize::try_from(octet_parts(octets)?).ok()?)
    } else {
        let parts = match manner.joining {
            Joining::Udh16 if counted > 1 => {
                let options = SplitOptions { concatenation: Concatenation::Udh16, ..SplitOptions::default() };
                gsm_text::split_body(&octets.payload, alphabet, &options).ok()?.parts.len()
            }
            _ => counted,
        };
        (joined(parts, manner.joining), parts)
    };
    if !own && parts > counted {
        return None;
    }
    let form = Form {
        data_coding: octets.data_coding,
        encoding: Encoding::Octets,
        joined,
        reference: if refers(joined) { reference } else { 0 },
        rendering: Rendering::AsReceived,
    };
    Some(Fit { form, parts: u8::try_from(parts).ok()? })
}

fn body_alphabet(octets: &OctetContent) -> Alphabet {
    DataCoding::from_octet(octets.data_coding).alphabet(Alphabet::Gsm7).unwrap_or(Alphabet::Octets)
}

const fn joined(parts: usize, joining: Joining) -> Joined {
    match joining {
        Joining::Whole => Joined::Whole,
        _ if parts <= 1 => Joined::None,
        Joining::Udh8 => Joined::Udh8,
        Joining::Udh16 => Joined::Udh16,
        Joining::Sar => Joined::Sar,
        Joining::Payload => Joined::Payload,
    }
}

const fn refers(joined: Joined) -> bool {
    matches!(joined, Joined::Udh8 | Joined::Udh16 | Joined::Sar | Joined::Whole)
}

const fn concatenation(joined: Joined) -> Concatenation {
    match joined {
        Joined::None | Joined::Udh8 => Concatenation::Udh8,
        Joined::Udh16 => Concatenation::Udh16,
        Joined::Sar => Concatenation::SarTlv,
        Joined::Payload | Joined::Own | Joined::Whole => Concatenation::Payload,
    }
}

fn options(concatenation: Concatenation, reference: u16, encoding: Encoding) -> SplitOptions<'static> {
    let alphabet = match encoding {
        Encoding::Ucs2 => Alphabet::Ucs2,
        Encoding::Gsm7 | Encoding::Latin1 | Encoding::Octets | Encoding::Utf8 => Alphabet::Gsm7,
    };
    SplitOptions { concatenation, reference, alphabet: Some(alphabet), ..SplitOptions::default() }
}

fn text_pieces(text: &str, form: &Form) -> Result<Vec<Piece>, Unfit> {
    if form.encoding == Encoding::Utf8 {
        return Ok(vec![Piece { number: 1, total: 1, has_header: false, octets: text.as_bytes().to_vec() }]);
    }
    if form.encoding == Encoding::Octets {
        return Err(Unfit);
    }
    let options = options(concatenation(form.joined), form.reference, form.encoding);
    let split = gsm_text::split(text, &options).map_err(|_| Unfit)?;
    let latin1 = form.encoding == Encoding::Latin1;
    checked(split, form, |body| {
        if !latin1 {
            return Ok(body);
        }
        let text = gsm_text::decode_alphabet(&body, Alphabet::Gsm7).text;
        gsm_text::encode(&text, Alphabet::Latin1).map_err(|_| Unfit)
    })
}

fn octet_pieces(octets: &OctetContent, form: &Form) -> Result<Vec<Piece>, Unfit> {
    if matches!(form.joined, Joined::None | Joined::Own) {
        let (has_header, octets) = (octets.has_header, octets.payload.clone());
        return Ok(vec![Piece { number: 1, total: 1, has_header, octets }]);
    }
    let (concatenation, reference) = (concatenation(form.joined), form.reference);
    let options = SplitOptions { concatenation, reference, ..SplitOptions::default() };
    let split = gsm_text::split_body(&octets.payload, body_alphabet(octets), &options).map_err(|_| Unfit)?;
    checked(split, form, Ok)
}

/// The parts as pieces, when there are as many as the form says that there can be.
fn checked(
    split: gsm_text::Split,
    form: &Form,
    write: impl Fn(Vec<u8>) -> Result<Vec<u8>, Unfit>,
) -> Result<Vec<Piece>, Unfit> {
    if split.parts.len() > 1 && form.joined == Joined::None {
        return Err(Unfit);
    }
    let piece = |part: gsm_text::Part| {
        let body = write(part.body)?;
        let has_header = !part.header.is_empty();
        let octets = if has_header { [part.header, body].concat() } else { body };
        Ok(Piece { number: part.number, total: part.total, has_header, octets })
    };
    split.parts.into_iter().map(piece).collect()
}

#[cfg(test)]
mod tests;
