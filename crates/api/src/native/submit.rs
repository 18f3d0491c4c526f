//! `POST /api/v1/messages`: reads a submission, hands it in and writes the answer.

use app::submission::{Caller, Idempotency, Rejected, Submission};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde::Deserialize;
use types::account::EndpointKind;
use types::address::Address;
use types::message::{Class, Content, Door, Draft, RECIPIENTS_MAX, ReportWish};
use types::quiet::RecipientTime;
use types::refusal::{Refusal, RefusalCode};
use types::resource::pool_address;
use types::time::Timestamp;
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::body::{MESSAGES_OCTETS_MAX, Taken, parse_json, require_json, stated_object, whole};
use crate::native::quiet::{self, QuietHoursBody};
use crate::native::recipients::{Recipient, RecipientShape, Recipients};
use crate::native::template::{NO_PARAMETERS, Parameters, Template};
use crate::once::read_idempotency;
use crate::problem::Refused;
use crate::state::Api;

mod answer;
mod group;

use answer::{AcceptedBody, QuoteBody, write_accepted, write_quote};
pub(crate) use answer::{AcceptedItem, QuoteItem};

/// The most characters of a reference.
const REFERENCE_CHARS_MAX: usize = 255;
/// The most characters of a traffic type.
const TRAFFIC_TYPE_CHARS_MAX: usize = 32;
/// The most octets that senders and texts of one submission may come to, counted once for each
/// recipient: what a submission takes in memory.
const SUBMISSION_OCTETS_MAX: usize = 64 * 1024 * 1024;

/// What to send, and to whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "from": "ACME",
    "to": "447911123456",
    "text": "Your table is ready.",
    "client_reference": "order-4711"
}))]
pub(crate) struct SubmitBody {
    /// The sender: up to 11 letters and digits, a number, or a short code. State either this or `pool`.
    from: Option<String>,
    /// A pool of your senders, by its id or its name: it chooses the sender of each message.
    #[schema(min_length = 1, max_length = 64)]
    pool: Option<String>,
    /// The recipient, with its country code. State either this, `recipients` or `group`.
    to: Option<String>,
    /// 1 to 10,000 recipients of the text.
    #[schema(value_type = Option<Vec<RecipientShape>>, min_items = 1, max_items = 10_000)]
    recipients: Option<Recipients>,
    /// A group of your contacts, by its id or its name: one message to each of them, but for those on the
    /// suppression list. The text may have the placeholders `{name}`, `{number}` and those of attributes.
    group: Option<String>,
    /// The text. It is split into parts as phones can join them. Where the request has parameters, `{name}`
    /// stands for the parameter `name`, and `{{` and `}}` for braces. State either this or `template`.
    text: Option<String>,
    /// A template of yours, by its id or its name, from whose approved version the text is written with the
    /// parameters.
    #[schema(min_length = 1, max_length = 64)]
    template: Option<String>,
    /// What stands in the text for recipients that do not state it themselves.
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>)]
    parameters: Option<Parameters>,
    /// Your own reference, given back unchanged; of all messages that have none of their own.
    #[schema(max_length = 255, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    client_reference: Option<String>,
    /// Where to tell what becomes of the messages; the account's own address when absent.
    #[schema(format = "uri", max_length = 2048, pattern = r"^https?://[!-~]+$")]
    callback_url: Option<String>,
    /// Seconds that the messages are worth sending, from `send_at` or from now on.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 4_294_967_295_u32)]
    validity_s: Option<u32>,
    /// Not before this time.
    #[schema(format = DateTime)]
    send_at: Option<String>,
    /// Not before this time where the recipient is: `09:30`, the next time that its clock shows it, or a date and a
    /// time such as `2026-11-22T09:30`. State either this or `send_at`.
    #[schema(
        example = "09:30",
        pattern = r"^([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T)?([01][0-9]|2[0-3]):[0-5][0-9]$"
    )]
    send_at_local: Option<String>,
    /// Hours at which the recipient is not disturbed; the account's own when absent, and none but the operator's
    /// when null.
    #[serde(default, deserialize_with = "stated_object")]
    #[schema(value_type = Option<QuietHoursBody>)]
    quiet_hours: Option<Option<QuietHoursBody>>,
    /// What goes first when there is a queue: `one_time`, `transactional` or `bulk`.
    #[schema(example = "transactional", pattern = "^(one_time|transactional|bulk)$")]
    class: Option<String>,
    /// The operator's own word for this kind of traffic.
    #[schema(max_length = 32, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    traffic_type: Option<String>,
    /// Only tell what it would cost; nothing is sent and nothing kept.
    dry_run: Option<bool>,
}

/// Sends a text to one or many recipients. All messages are taken or none.
#[utoipa::path(
    post,
    path = "/api/v1/messages",
    operation_id = "message_submit",
    tag = "messages",
    request_body(content = SubmitBody, content_type = "application/json"),
    responses(
        (status = 202, description = "On stable storage", body = AcceptedBody, headers(
            ("Idempotent-Replayed" = String, description = "`true` when this is the answer to an earlier request")
        )),
        (status = 200, description = "The cost of a dry run", body = QuoteBody)
    )
)]
pub(crate) async fn submit(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    // What the request takes in memory is accounted for until it is answered.
    let (request, _taken) = api.counting(caller, read_request(&api, &method, &uri, &headers, body).await)?;
    if request.body.group.is_some() {
        group::hand_in(&api, caller, request).await
    } else {
        hand_in(&api, caller, request, None).await
    }
}

/// A request that was read and is of the right shape.
struct Request {
    body: SubmitBody,
    recipients: Vec<Recipient>,
    idempotency: Option<Idempotency>,
}

async fn read_request(
    api: &Api,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Request, Taken), Refusal> {
    require_json(headers)?;
    let taken = api.read_known(headers, body, MESSAGES_OCTETS_MAX).await?;
    let idempotency = read_idempotency(method, uri, headers, &taken.octets)?;
    let mut body: SubmitBody = parse_json(&taken.octets)?;
    let recipients = take_recipients(&mut body)?;
    Ok((Request { body, recipients, idempotency }, taken))
}

/// Hands a request in whose recipients are known; `left_out` says how many of a group are not among them.
async fn hand_in(
    api: &Api,
    caller: Caller,
    request: Request,
    left_out: Option<usize>,
) -> Result<Response, Refused> {
    let Request { body, recipients, idempotency } = request;
    let now = api.desk().now();
    let prototype = api.counting(caller, read_prototype(&body, now))?;
    let wording = api.counting(caller, read_wording(api, caller, &body))?;
    let template = api.counting(caller, read_template(&wording, &body, &recipients))?;
    let octets = check_size(&body, &template, &recipients);
    let _share = api.counting(caller, octets.and_then(|octets| api.make_room(octets)))?;
    for (index, recipient) in recipients.iter().enumerate() {
        let field = || format!("recipients[{index}].client_reference");
        api.counting(caller, check_reference(recipient.client_reference.as_deref(), field))?;
    }
    let report =
        api.report_wish(caller.account, EndpointKind::Webhook, body.callback_url.as_deref())
            .await
            .map_err(|refusal| if refusal.field.is_some() { refusal } else { refusal.at("callback_url") })?;
    let draft = |recipient| prototype.draft(&body, &template, recipient, report);
    let drafts = recipients.iter().map(draft).collect();
    let addressing = match (&body.to, &body.group) {
        (Some(_), _) => Addressing::One,
        (None, Some(_)) => Addressing::Group,
        (None, None) => Addressing::List,
    };
    let is_dry = body.dry_run == Some(true);
    let submission = Submission {
        account: caller.account,
        door: Door::Native,
        received_at: now,
        idempotency: if is_dry { None } else { idempotency },
        drafts,
        guard_repeats: false,
        replaces: Vec::new(),
    };
    let outcome =
        if is_dry { api.desk().quote(submission).await } else { api.desk().submit(submission).await };
    match outcome {
        Ok(accepted) if is_dry => Ok(write_quote(&recipients, accepted, left_out)),
        // What was answered before went to whom the group had then.
        Ok(accepted) if accepted.replayed && addressing == Addressing::Group => {
            group::write_replayed(api, caller, accepted).await
        }
        Ok(accepted) => Ok(write_accepted(recipients.iter().map(|to| to.to.as_str()), accepted, left_out)),
        Err(rejected) => Err(place(rejected, &recipients, addressing)),
    }
}

fn take_recipients(body: &mut SubmitBody) -> Result<Vec<Recipient>, Refusal> {
    let invalid = |detail: &str, field: &str| Refusal::new(RefusalCode::InvalidRequest, detail).at(field);
    if body.group.is_some() {
        return match (&body.to, &body.recipients) {
            (None, None) => Ok(Vec::new()),
            _ => Err(invalid("state either `to`, `recipients` or `group`", "group")),
        };
    }
    match (&body.to, body.recipients.take()) {
        (Some(_), Some(_)) => Err(invalid("state either `to` or `recipients`, not both", "recipients")),
        (None, None) => Err(invalid("missing: state `to`, or `recipients` or `group` for several", "to")),
        (Some(to), None) => Ok(vec![Recipient::number(to.clone())]),
        (None, Some(list)) if list.excess > 0 => {
            let detail = format!(
                "{} recipients are too many; one submission may have {RECIPIENTS_MAX}",
                list.kept.len() + list.excess
            );
            Err(Refusal::new(RefusalCode::TooManyRecipients, detail).at("recipients"))
        }
        (None, Some(list)) if list.kept.is_empty() => Err(invalid("the list is empty", "recipients")),
        (None, Some(list)) => Ok(list.kept),
    }
}

/// What the texts are written from.
struct Wording {
    text: String,
    /// The template that was named, rather than a text.
    is_named: bool,
}

fn read_wording(api: &Api, caller: Caller, body: &SubmitBody) -> Result<Wording, Refusal> {
    let invalid = |detail: &str, field: &str| Refusal::new(RefusalCode::InvalidRequest, detail).at(field);
    match (&body.text, &body.template) {
        (Some(text), None) => Ok(Wording { text: text.clone(), is_named: false }),
        (None, Some(name)) => {
            let text = api.desk().template_text(caller.account, name)?;
            Ok(Wording { text, is_named: true })
        }
        (Some(_), Some(_)) => Err(invalid("state either `text` or `template`, not both", "template")),
        (None, None) => Err(invalid("missing: state `text`, or `template`", "text")),
    }
}

/// The text is a template where one is named, or anybody has parameters.
fn read_template<'a>(
    wording: &'a Wording,
    body: &SubmitBody,
    recipients: &[Recipient],
) -> Result<Template<'a>, Refusal> {
    let nobody_has = body.parameters.is_none() && recipients.iter().all(|one| one.parameters.is_none());
    if !wording.is_named && nobody_has {
        return Ok(Template::literal(&wording.text));
    }
    Template::parse(&wording.text)
        .map_err(|detail| Refusal::new(RefusalCode::InvalidTemplate, detail).at("text"))
}

/// The octets that the messages take in memory.
fn check_size(
    body: &SubmitBody,
    template: &Template<'_>,
    recipients: &[Recipient],
) -> Result<usize, Refusal> {
    let of_all = body.parameters.as_ref().unwrap_or(NO_PARAMETERS);
    let source = body.from.as_ref().or(body.pool.as_ref()).map_or(0, String::len);
    let mut octets = source.saturating_mul(recipients.len());
    for (index, recipient) in recipients.iter().enumerate() {
        let own = recipient.parameters.as_ref().unwrap_or(NO_PARAMETERS);
        let text = template.octets(own, of_all).map_err(|name| {
            let field = match recipient.contact {
                _ if body.to.is_some() => "parameters".into(),
                Some(contact) => format!("group.{contact}"),
                None => format!("recipients[{index}].parameters"),
            };
            let detail = format!("the text asks for `{name}`, which has no value");
            Refusal::new(RefusalCode::InvalidTemplate, detail).at(field)
        })?;
        octets = octets.saturating_add(text);
    }
    if octets <= SUBMISSION_OCTETS_MAX {
        return Ok(octets);
    }
    let detail = "so long a text cannot go to so many recipients at once; divide the list";
    Err(Refusal::new(RefusalCode::TooManyRecipients, detail).at("recipients"))
}

/// What all messages of a submission have in common, apart from the text.
struct Prototype {
    source: Address,
    class: Option<Class>,
    traffic_type: String,
    send_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    time: RecipientTime,
}

fn read_prototype(body: &SubmitBody, now: Timestamp) -> Result<Prototype, Refusal> {
    let invalid = |detail: &str, field: &str| Refusal::new(RefusalCode::InvalidRequest, detail).at(field);
    let source = match (body.from.as_deref(), body.pool.as_deref()) {
        (Some(from), None) => Address::from_text(from),
        (None, Some("")) => return Err(invalid("the name is empty", "pool")),
        (None, Some(pool)) => pool_address(pool),
        (Some(_), Some(_)) => return Err(invalid("state either `from` or `pool`, not both", "pool")),
        (None, None) => return Err(invalid("missing: state `from`, or `pool`", "from")),
    };
    let class = match body.class.as_deref() {
        None => None,
        Some(name) => Some(
            Class::parse(name)
                .ok_or_else(|| invalid("expected `one_time`, `transactional` or `bulk`", "class"))?,
        ),
    };
    let send_at = match body.send_at.as_deref() {
        None => None,
        Some(text) => Some(
            Timestamp::parse_rfc3339(text)
                .ok_or_else(|| invalid("expected a time such as 2026-11-22T10:00:00Z", "send_at"))?,
        ),
    };
    let time = quiet::read_time(body.send_at_local.as_deref(), body.quiet_hours.as_ref())?;
    if time.at.is_some() && send_at.is_some() {
        let detail = "state either `send_at` or `send_at_local`, not both";
        return Err(Refusal::new(RefusalCode::InvalidSchedule, detail).at("send_at_local"));
    }
    if body.validity_s == Some(0) {
        return Err(invalid("expected at least 1", "validity_s"));
    }
    let lifetime_ms = body.validity_s.map(|seconds| i64::from(seconds) * 1_000);
    let expires_at = lifetime_ms.map(|ms| send_at.unwrap_or(now).plus_ms(ms));
    let traffic_type = body.traffic_type.clone().unwrap_or_default();
    if traffic_type.chars().count() > TRAFFIC_TYPE_CHARS_MAX || traffic_type.chars().any(char::is_control) {
        return Err(invalid("expected at most 32 characters without control characters", "traffic_type"));
    }
    check_reference(body.client_reference.as_deref(), || "client_reference".to_owned())?;
    Ok(Prototype { source, class, traffic_type, send_at, expires_at, time })
}

fn check_reference(reference: Option<&str>, field: impl FnOnce() -> String) -> Result<(), Refusal> {
    let fits =
        |text: &str| text.chars().count() <= REFERENCE_CHARS_MAX && !text.chars().any(char::is_control);
    if reference.is_none_or(fits) {
        return Ok(());
    }
    let detail = "expected at most 255 characters without control characters";
    Err(Refusal::new(RefusalCode::InvalidRequest, detail).at(field()))
}

impl Prototype {
    fn draft(
        &self,
        body: &SubmitBody,
        template: &Template<'_>,
        recipient: &Recipient,
        report: ReportWish,
    ) -> Draft {
        let of_all = body.parameters.as_ref().unwrap_or(NO_PARAMETERS);
        let own = recipient.parameters.as_ref().unwrap_or(NO_PARAMETERS);
        Draft {
            source: self.source.clone(),
            destination: Address::from_text(&recipient.to),
            content: Content::Text(template.write(own, of_all)),
            class: self.class,
            traffic_type: self.traffic_type.clone(),
            expires_at: self.expires_at,
            send_at: self.send_at,
            time: RecipientTime { zone: recipient.zone.clone(), ..self.time.clone() },
            client_reference: recipient.client_reference.clone().or_else(|| body.client_reference.clone()),
            report,
        }
    }
}

/// How a caller stated its recipients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Addressing {
    /// One in `to`.
    One,
    /// All in `recipients`.
    List,
    /// By the name of a group.
    Group,
}

/// Names the fields of a rejection as the caller wrote them.
fn place(rejected: Rejected, recipients: &[Recipient], addressing: Addressing) -> Refused {
    let total = recipients.len();
    let mut refusals = rejected.refusals.into_iter().map(|(index, refusal)| {
        let refusal = Refusal { field: name_field(index, &refusal, recipients, addressing), ..refusal };
        (index, refusal)
    });
    let Some((first_index, first)) = refusals.next() else {
        return Refusal::new(RefusalCode::Unavailable, "refused without a reason; nothing was kept").into();
    };
    let Some(first_index) = first_index.filter(|_| addressing != Addressing::One) else {
        return first.into();
    };
    let mut each = vec![(first_index, first.clone())];
    each.extend(refusals.filter_map(|(index, refusal)| index.map(|index| (index, refusal))));
    let detail = format!("{} of {total} recipients were refused; nothing was sent", each.len());
    let whole = if addressing == Addressing::Group { "group" } else { "recipients" };
    Refused { whole: Refusal { detail, field: Some(whole.to_owned()), ..first }, each }
}

/// The field of a refusal. The core names fields of this document already; what is missing there
/// is only the place in the list.
fn name_field(
    index: Option<usize>,
    refusal: &Refusal,
    recipients: &[Recipient],
    addressing: Addressing,
) -> Option<String> {
    let field = refusal.field.as_deref()?;
    match index.filter(|_| addressing != Addressing::One && field == "to") {
        None => Some(field.to_owned()),
        Some(index) if addressing == Addressing::Group => {
            let contact = recipients.get(index).and_then(|recipient| recipient.contact);
            Some(contact.map_or_else(|| "group".to_owned(), |contact| format!("group.{contact}")))
        }
        Some(index) if recipients.get(index).is_some_and(|recipient| recipient.is_object) => {
            Some(format!("recipients[{index}].to"))
        }
        Some(index) => Some(format!("recipients[{index}]")),
    }
}
