//! Sending from the console: one form, its live count of parts and price, and the answer.

use app::submission::{Idempotency, Rejected, Submission};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use gsm_text::Alphabet;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use types::address::Address;
use types::id::AccountId;
use types::message::{Class, Content, Door, Draft, ReportWish};
use types::money::Money;
use types::refusal::{Refusal, RefusalCode};

use crate::fault::Fault;
use crate::frame::{Frame, Room, page, page_with};
use crate::guard::{Posted, SignedIn};
use crate::shared::House;

/// The most recipients of one form.
const RECIPIENTS_MAX: usize = 100;

/// The send form with what was typed and what was wrong with it.
#[derive(Default)]
pub(crate) struct SendForm {
    pub(crate) token: String,
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) text: String,
    pub(crate) class: String,
    pub(crate) reference: String,
    pub(crate) errors: Vec<FieldError>,
    pub(crate) preview: Option<PreviewPart>,
}

/// What was wrong, beside which field.
pub(crate) struct FieldError {
    pub(crate) field: &'static str,
    pub(crate) text: String,
    pub(crate) code: &'static str,
}

impl SendForm {
    /// A form without anything typed.
    pub(crate) fn blank(house: &House, person: &SignedIn) -> Self {
        Self { token: house.form_token(person.0.account), ..Self::default() }
    }

    /// A form that sends a first message in the sandbox as it stands.
    pub(crate) fn first(house: &House, person: &SignedIn) -> Self {
        let text = format!("Hello from {}. Your code is 493817.", house.desk.brand());
        Self { to: "+44 7911 123456".to_owned(), from: "ACME".to_owned(), text, ..Self::blank(house, person) }
    }

    /// Errors beside one field; the empty name is for the whole form.
    pub(crate) fn at<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a FieldError> {
        self.errors.iter().filter(move |error| error.field == field)
    }

    /// Whether a field has errors.
    pub(crate) fn wrong(&self, field: &str) -> bool {
        self.at(field).next().is_some()
    }
}

/// What the form sends.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct SendFields {
    #[serde(default)]
    token: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    class: String,
    #[serde(default)]
    reference: String,
}

#[derive(Template)]
#[template(path = "send.html")]
struct SendPage {
    frame: Frame,
    send: SendForm,
}

/// The count of parts and the price of what is typed.
#[derive(Template)]
#[template(path = "parts/preview.html")]
pub(crate) struct PreviewPart {
    alphabet: &'static str,
    /// The first character that made it UCS-2.
    because: Option<char>,
    parts: usize,
    units: usize,
    left: usize,
    recipients: usize,
    price: Option<Money>,
    problem: Option<Refusal>,
}

/// Shows the form.
pub(crate) async fn show(State(house): State<House>, person: SignedIn) -> Result<Response, Fault> {
    let frame = Frame::new(&house, Some(&person.0), Room::Send, "Send");
    page(&SendPage { frame, send: SendForm::blank(&house, &person) })
}

/// Counts and prices what is typed so far.
pub(crate) async fn preview(
    State(house): State<House>,
    person: SignedIn,
    Posted(fields): Posted<SendFields>,
) -> Result<Response, Fault> {
    page(&preview_of(&house, own_account(&person)?, &fields).await)
}

/// Sends, and leads to the story of the message.
pub(crate) async fn submit(
    State(house): State<House>,
    person: SignedIn,
    Posted(fields): Posted<SendFields>,
) -> Result<Response, Fault> {
    let account = own_account(&person)?;
    let mut errors = missing(&fields);
    if is_for_another(&fields.token, account) {
        let text = "You act for another account than when this form was shown. Nothing was sent; press the \
                    button again to send it for the account at the head of this page.";
        errors.push(FieldError {
            field: "",
            text: text.to_owned(),
            code: RefusalCode::InvalidRequest.code(),
        });
    }
    if errors.is_empty() {
        match house.desk.submit(submission(&house, account, &fields)).await {
            Ok(accepted) => {
                let to = match accepted.messages.as_slice() {
                    [message] => format!("/messages/{}", message.id),
                    _ => "/messages".to_owned(),
                };
                return Ok(Redirect::to(&to).into_response());
            }
            Err(rejected) => errors = beside_fields(&recipients(&fields.to), &rejected),
        }
    }
    let preview = preview_of(&house, account, &fields).await;
    let send = SendForm {
        token: house.form_token(person.0.account),
        to: fields.to,
        from: fields.from,
        text: fields.text,
        class: fields.class,
        reference: fields.reference,
        errors,
        preview: Some(preview),
    };
    let frame = Frame::new(&house, Some(&person.0), Room::Send, "Send");
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &SendPage { frame, send })
}

/// Whether a form was shown for another account than the person acts for now: in another tab, perhaps.
pub(crate) fn is_for_another(token: &str, account: AccountId) -> bool {
    let shown_for = token.split_once('-').and_then(|(account, _)| account.parse().ok());
    shown_for.is_some_and(|shown_for: i64| shown_for != account.0)
}

fn own_account(person: &SignedIn) -> Result<AccountId, Fault> {
    person.0.account.ok_or_else(Fault::forbidden)
}

/// The numbers of the field, by comma, semicolon or line.
fn recipients(to: &str) -> Vec<&str> {
    to.split([',', ';', '\n']).map(str::trim).filter(|one| !one.is_empty()).collect()
}

fn missing(fields: &SendFields) -> Vec<FieldError> {
    let count = recipients(&fields.to).len();
    let mut errors = Vec::new();
    let mut tell = |field, text: &str, code: RefusalCode| {
        errors.push(FieldError { field, text: text.to_owned(), code: code.code() });
    };
    if count == 0 {
        let text = "Write a phone number with its country code, such as +44 7911 123456.";
        tell("to", text, RefusalCode::InvalidDestination);
    } else if count > RECIPIENTS_MAX {
        let text = format!(
            "This form takes {RECIPIENTS_MAX} numbers at once; these are {count}. Use the API for more."
        );
        tell("to", &text, RefusalCode::TooManyRecipients);
    }
    if fields.from.trim().is_empty() {
        let text = "Write the name (up to 11 letters or digits) or the number that the phone should show.";
        tell("from", text, RefusalCode::InvalidSender);
    }
    if fields.text.is_empty() {
        tell("text", "Write what the message should say.", RefusalCode::EmptyText);
    }
    errors
}

fn submission(house: &House, account: AccountId, fields: &SendFields) -> Submission {
    let now = house.desk.now();
    let endpoint = house.desk.account(account).and_then(|account| account.default_endpoint);
    let reference = fields.reference.trim();
    let text = fields.text.replace("\r\n", "\n");
    let draft = |to: &str| Draft {
        source: Address::from_text(fields.from.trim()),
        destination: Address::from_text(to),
        content: Content::Text(text.clone()),
        class: Class::parse(&fields.class),
        traffic_type: String::new(),
        expires_at: None,
        send_at: None,
        time: types::quiet::RecipientTime::default(),
        client_reference: (!reference.is_empty()).then(|| reference.to_owned()),
        report: ReportWish { endpoint, ..ReportWish::default() },
    };
    let idempotency = (!fields.token.is_empty() && fields.token.len() <= 64)
        .then(|| Idempotency { key: format!("console-{}", fields.token), fingerprint: fingerprint(fields) });
    let drafts = recipients(&fields.to).into_iter().take(RECIPIENTS_MAX).map(draft).collect();
    Submission {
        account,
        door: Door::Console,
        received_at: now,
        idempotency,
        drafts,
        guard_repeats: false,
        replaces: Vec::new(),
    }
}

fn fingerprint(fields: &SendFields) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for field in [&fields.to, &fields.from, &fields.text, &fields.class, &fields.reference] {
        hasher.update(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(field.as_bytes());
    }
    hasher.finalize().into()
}

async fn preview_of(house: &House, account: AccountId, fields: &SendFields) -> PreviewPart {
    let text = fields.text.replace("\r\n", "\n");
    let counted = gsm_text::count(&text);
    let is_gsm = counted.alphabet == Alphabet::Gsm7;
    let recipients = recipients(&fields.to).len();
    let (mut price, mut problem) = (None, None);
    let is_complete = missing(fields).is_empty();
    if is_complete {
        let mut question = submission(house, account, fields);
        question.idempotency = None;
        match house.desk.quote(question).await {
            Ok(accepted) => {
                let mut prices = accepted.messages.iter().map(|message| message.price);
                let first = prices.next();
                price = first.and_then(|first| prices.try_fold(first, Money::checked_add));
            }
            Err(rejected) => problem = rejected.first().cloned(),
        }
    }
    PreviewPart {
        alphabet: if is_gsm { "GSM 7-bit" } else { "UCS-2" },
        because: text.chars().find(|c| !is_gsm && Alphabet::Gsm7.units_of(*c).is_none()),
        parts: if text.is_empty() { 0 } else { counted.parts },
        units: counted.units,
        left: counted.units_left_in_last,
        recipients,
        price,
        problem,
    }
}

/// Refusals of the core in the words of the form, each beside its field.
fn beside_fields(recipients: &[&str], rejected: &Rejected) -> Vec<FieldError> {
    let errors = rejected.refusals.iter().map(|(place, refusal)| {
        let (field, text) = match refusal.code {
            RefusalCode::InvalidDestination
            | RefusalCode::NoPrice
            | RefusalCode::NoRoute
            | RefusalCode::RouteLoop
            | RefusalCode::TooManyRecipients
            | RefusalCode::RecipientSuppressed
            | RefusalCode::RepeatedMessage => ("to", refusal.detail.clone()),
            RefusalCode::InvalidSender | RefusalCode::SenderNotApproved | RefusalCode::NoSenderLeft => {
                ("from", refusal.detail.clone())
            }
            RefusalCode::EmptyText
            | RefusalCode::TextTooLong
            | RefusalCode::InvalidCoding
            | RefusalCode::InvalidTemplate
            | RefusalCode::TemplateNotApproved
            | RefusalCode::SignatureRequired => ("text", refusal.detail.clone()),
            RefusalCode::IdempotencyMismatch | RefusalCode::IdempotencyInFlight => {
                let text =
                    "This form was just sent with other content. Press the button again to send this too.";
                ("", text.to_owned())
            }
            _ => ("", refusal.detail.clone()),
        };
        let many = recipients.len() > 1 && field == "to";
        let number = place.filter(|_| many).and_then(|place| recipients.get(place));
        let text = number.map_or_else(|| text.clone(), |number| format!("{number}: {text}"));
        FieldError { field, text, code: refusal.code.code() }
    });
    let mut errors: Vec<_> = errors.collect();
    // One sentence is enough for what is wrong with every message alike.
    errors.dedup_by(|a, b| a.field == b.field && a.text == b.text);
    errors
}

#[cfg(test)]
mod tests {
    use app::submission::Rejected;
    use types::refusal::{Refusal, RefusalCode};

    use super::{SendFields, beside_fields, fingerprint, missing, recipients};

    #[test]
    fn recipients_may_be_parted_in_every_usual_way() {
        assert_eq!(recipients(" +44 1, 447;\n48 "), ["+44 1", "447", "48"]);
        assert!(recipients(" ,\n").is_empty());
    }

    #[test]
    fn errors_name_their_field_and_recipient() {
        let refusal = |code| Refusal::new(code, "detail");
        let rejected = Rejected {
            refusals: vec![
                (Some(1), refusal(RefusalCode::InvalidDestination)),
                (Some(0), refusal(RefusalCode::TextTooLong)),
                (Some(1), refusal(RefusalCode::TextTooLong)),
                (None, refusal(RefusalCode::InsufficientBalance)),
            ],
        };
        let errors = beside_fields(&["a", "b"], &rejected);
        let shown: Vec<_> = errors.iter().map(|error| (error.field, error.text.as_str())).collect();
        assert_eq!(shown, [("to", "b: detail"), ("text", "detail"), ("", "detail")]);
    }

    #[test]
    fn an_empty_form_says_what_is_missing() {
        let fields: Vec<_> = missing(&SendFields::default()).iter().map(|error| error.field).collect();
        assert_eq!(fields, ["to", "from", "text"]);
    }

    #[test]
    fn fingerprints_keep_fields_apart() {
        let fields =
            |to: &str, from: &str| SendFields { to: to.into(), from: from.into(), ..SendFields::default() };
        assert_ne!(fingerprint(&fields("ab", "c")), fingerprint(&fields("a", "bc")));
    }
}
