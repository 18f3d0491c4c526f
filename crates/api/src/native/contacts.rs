//! People whom the caller's account writes to: `/api/v1/contacts` and one of them.

use std::collections::BTreeMap;

use app::{CONTACTS_AT_ONCE_MAX, ContactPatch, ContactQuery, ContactView, Imported, read_contacts};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use decide::contact::is_language;
use serde::{Deserialize, Serialize};
use types::address::Msisdn;
use types::contact::Contact;
use types::id::{ContactId, GroupId};
use types::refusal::{Refusal, RefusalCode};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Authenticated;
use crate::native::lists::{read_cursor, read_limit, write_cursor};
use crate::native::shape::{GroupText, is_id};
use crate::native::webhooks::IdPath;
use crate::once::{Posted, marked};
use crate::problem::{Refused, json_bytes};
use crate::query::Fields;
use crate::state::Api;

/// Which contacts to list. The parameters are read by [`read_query`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that the hand-written reader takes")]
pub(crate) struct ContactListQuery {
    /// With this number, in any notation.
    #[param(example = "+447911123456", pattern = r"^\+?[1-9]([ .()/-]*[0-9]){5,14}$")]
    number: Option<String>,
    /// In the group with this id.
    #[param(pattern = "^grp_[0-9a-z]{26}$")]
    group: Option<String>,
    /// Who read this language.
    #[param(example = "en", pattern = "^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
    language: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-7][0-9a-f]{15}$")]
    cursor: Option<String>,
    /// Items of the page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// A person whom the account writes to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "con_01kq3v8w2rj5x7n4m6t9p0c1db",
    "number": "447911123456",
    "name": "Ada",
    "language": "en",
    "time_zone": "Europe/London",
    "attributes": {"city": "London"},
    "groups": ["grp_01kq3v8w2rj5x7n4m6t9p0c1dc"],
    "suppressed": null,
    "created_at": "2026-11-22T10:00:00.000Z",
    "changed_at": "2026-11-22T10:00:00.000Z"
}))]
pub(crate) struct ContactItem {
    /// Its id.
    id: String,
    /// The number, country code first.
    number: String,
    /// What you call the person; empty for nothing.
    name: String,
    /// The language that the person reads; null when it is not known.
    language: Option<String>,
    /// The time zone in which the person lives; null when it is not known.
    time_zone: Option<String>,
    /// What you know besides, by name.
    attributes: BTreeMap<String, String>,
    /// The ids of the groups that it is in.
    groups: Vec<String>,
    /// Why messages to the number are refused, when it is on the suppression list; null otherwise.
    #[schema(value_type = Option<String>)]
    suppressed: Option<&'static str>,
    /// Since when it is there.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was changed last.
    #[schema(format = DateTime)]
    changed_at: String,
}

impl From<ContactView> for ContactItem {
    fn from(view: ContactView) -> Self {
        let contact = view.contact;
        let known = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            id: view.id.to_string(),
            number: contact.number.digits(),
            name: contact.name.into_inner(),
            language: known(contact.language),
            time_zone: known(contact.time_zone),
            attributes: contact.attributes.into_inner(),
            groups: view.groups.iter().map(ToString::to_string).collect(),
            suppressed: view.suppressed.map(|reason| reason.as_str()),
            created_at: view.created_at.to_string(),
            changed_at: view.changed_at.to_string(),
        }
    }
}

/// A page of contacts, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactPage {
    /// The contacts.
    items: Vec<ContactItem>,
    /// Give it as `cursor` to read on; null at the end.
    next_cursor: Option<String>,
}

/// A new contact.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"number": "+447911123456", "name": "Ada", "attributes": {"city": "London"}}))]
pub(crate) struct NewContact {
    /// The number, in any notation, with its country code. The account has one contact for each number.
    #[schema(example = "+447911123456", pattern = r"^\+?[1-9]([ .()/-]*[0-9]){5,14}$")]
    number: String,
    /// What you call the person, at most 100 characters; `{name}` in a text to a group.
    #[schema(max_length = 100, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    name: Option<String>,
    /// The language that the person reads, such as `en` or `pt-BR`.
    #[schema(example = "en", pattern = "^([a-z]{2,3}(-[A-Za-z0-9]{1,8})*)?$", max_length = 35)]
    language: Option<String>,
    /// The time zone in which the person lives, by its name in the IANA database.
    #[schema(example = "Europe/London", format = "time-zone")]
    time_zone: Option<String>,
    /// What you know besides: at most 30 texts by names of letters, digits and underscores. Each stands in a
    /// text to a group as `{its name}`.
    attributes: Option<BTreeMap<String, String>>,
    /// The ids of groups to put it into.
    #[schema(value_type = Option<Vec<GroupText>>, inline, max_items = 100)]
    groups: Option<Vec<String>>,
}

/// What to change of a contact; what is not there stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Ada Lovelace"}))]
pub(crate) struct ContactChange {
    /// Another number, in any notation.
    #[schema(example = "+447911123456", pattern = r"^\+?[1-9]([ .()/-]*[0-9]){5,14}$")]
    number: Option<String>,
    /// Another name; empty for none.
    #[schema(max_length = 100, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    name: Option<String>,
    /// Another language; empty for none.
    #[schema(example = "en", pattern = "^([a-z]{2,3}(-[A-Za-z0-9]{1,8})*)?$", max_length = 35)]
    language: Option<String>,
    /// Another time zone; empty for none.
    #[schema(example = "Europe/London", format = "time-zone")]
    time_zone: Option<String>,
    /// All attributes from now on.
    attributes: Option<BTreeMap<String, String>>,
}

/// Contacts to keep, new ones and known ones.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"csv": "number,name,city\n447911123456,Ada,London\n"}))]
pub(crate) struct ContactImport {
    /// A table as spreadsheets write it: its first line names the columns, one of them `number`, others
    /// `name`, `language` and `time_zone`; every other column is an attribute. At most 500 lines of contacts.
    #[schema(format = "contact-table")]
    csv: String,
    /// The id of a group to put all of them into.
    #[schema(pattern = "^grp_[0-9a-z]{26}$")]
    group: Option<String>,
}

/// What became of the contacts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"added": 1, "changed": 0}))]
pub(crate) struct ContactsImported {
    /// How many are new.
    added: usize,
    /// How many were there and have changed.
    changed: usize,
}

impl From<Imported> for ContactsImported {
    fn from(imported: Imported) -> Self {
        Self { added: imported.made, changed: imported.changed }
    }
}

/// Lists contacts, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/contacts",
    operation_id = "contact_list",
    tag = "contacts",
    params(ContactListQuery),
    responses((status = 200, description = "A page", body = ContactPage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let query = api.counting(caller, read_query(query.as_deref().unwrap_or("")))?;
    let page = api.desk().contacts(caller.account, query).await?;
    let items = page.items.into_iter().map(ContactItem::from).collect();
    let next_cursor = page.next.map(write_cursor);
    Ok(json_bytes(StatusCode::OK, &ContactPage { items, next_cursor }))
}

/// Keeps a new contact.
#[utoipa::path(
    post,
    path = "/api/v1/contacts",
    operation_id = "contact_create",
    tag = "contacts",
    request_body(content = NewContact, content_type = "application/json"),
    responses((status = 201, description = "The contact", body = ContactItem))
)]
pub(crate) async fn create(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    posted: Posted,
) -> Result<Response, Refused> {
    let (contact, groups) = api.counting(caller, read_new(&posted))?;
    let done = api.desk().make_contact(caller.account, contact, groups, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::CREATED, &ContactItem::from(done.value)), done.replayed))
}

/// Keeps the contacts of a table: new ones, and what the table says of those whose numbers are known. All or
/// none.
#[utoipa::path(
    post,
    path = "/api/v1/contacts/import",
    operation_id = "contact_import",
    tag = "contacts",
    request_body(content = ContactImport, content_type = "application/json"),
    responses((status = 201, description = "They are kept", body = ContactsImported))
)]
pub(crate) async fn import(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    posted: Posted,
) -> Result<Response, Refused> {
    let (contacts, group) = api.counting(caller, read_import(&posted))?;
    let done = api.desk().import_contacts(caller.account, contacts, group, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::CREATED, &ContactsImported::from(done.value)), done.replayed))
}

/// Shows one contact.
#[utoipa::path(
    get,
    path = "/api/v1/contacts/{id}",
    operation_id = "contact_view",
    tag = "contacts",
    params(("id" = String, Path, description = "The id")),
    responses((status = 200, description = "The contact", body = ContactItem))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    let found = api.desk().contact(caller.account, read_path(id)?).await?;
    Ok(json_bytes(StatusCode::OK, &ContactItem::from(found.ok_or_else(no_such_contact)?)))
}

/// Changes a contact.
#[utoipa::path(
    patch,
    path = "/api/v1/contacts/{id}",
    operation_id = "contact_change",
    tag = "contacts",
    params(("id" = String, Path, description = "The id")),
    request_body(content = ContactChange, content_type = "application/json"),
    responses((status = 200, description = "The contact as it is now", body = ContactItem))
)]
pub(crate) async fn change(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    let patch = api.counting(caller, read_change(&posted))?;
    let changed = api.desk().change_contact(caller.account, read_path(id)?, patch).await?;
    Ok(json_bytes(StatusCode::OK, &ContactItem::from(changed)))
}

/// Takes a contact away, out of all groups too. Messages to its number stay, and so does the suppression list.
#[utoipa::path(
    delete,
    path = "/api/v1/contacts/{id}",
    operation_id = "contact_remove",
    tag = "contacts",
    params(("id" = String, Path, description = "The id")),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    api.desk().remove_contact(caller.account, read_path(id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn read_query(query: &str) -> Result<ContactQuery, Refusal> {
    let fields = Fields::parse(query)?;
    fields.only(&["number", "group", "language", "cursor", "limit"])?;
    let language = fields.once("language")?.map(str::to_owned);
    if language.as_deref().is_some_and(|tag| tag.is_empty() || !is_language(tag)) {
        let detail = "expected a language such as en or pt-BR";
        return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("language"));
    }
    Ok(ContactQuery {
        number: fields.once("number")?.map(|text| read_number(text, "number")).transpose()?,
        group: fields.once("group")?.map(|text| read_group(text, "group")).transpose()?,
        language,
        before: read_cursor(&fields)?,
        limit: read_limit(&fields)?,
        pool: None,
    })
}

fn read_new(posted: &Posted) -> Result<(Contact, Vec<GroupId>), Refusal> {
    let body: NewContact = posted.json()?;
    let contact = Contact {
        number: read_number(&body.number, "number")?,
        name: body.name.unwrap_or_default().into(),
        language: body.language.unwrap_or_default(),
        time_zone: body.time_zone.unwrap_or_default(),
        attributes: body.attributes.unwrap_or_default().into(),
    };
    let groups = body.groups.unwrap_or_default();
    let groups = groups.iter().map(|text| read_group(text, "groups")).collect::<Result<_, _>>()?;
    Ok((contact, groups))
}

fn read_change(posted: &Posted) -> Result<ContactPatch, Refusal> {
    let body: ContactChange = posted.json()?;
    Ok(ContactPatch {
        number: body.number.map(|text| read_number(&text, "number")).transpose()?,
        name: body.name.map(Into::into),
        language: body.language,
        time_zone: body.time_zone,
        attributes: body.attributes.map(Into::into),
    })
}

fn read_import(posted: &Posted) -> Result<(Vec<Contact>, Option<GroupId>), Refusal> {
    let body: ContactImport = posted.json()?;
    let contacts = read_contacts(&body.csv)?;
    if contacts.is_empty() || contacts.len() > CONTACTS_AT_ONCE_MAX {
        let detail = format!("expected 1 to {CONTACTS_AT_ONCE_MAX} lines with contacts");
        return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("csv"));
    }
    let group = body.group.map(|text| read_group(&text, "group")).transpose()?;
    Ok((contacts, group))
}

fn read_number(text: &str, field: &str) -> Result<Msisdn, Refusal> {
    Msisdn::parse(text).ok_or_else(|| {
        let detail = "expected an international number: country code first, 6 to 15 digits";
        Refusal::new(RefusalCode::InvalidRequest, detail).at(field)
    })
}

fn read_group(text: &str, field: &str) -> Result<GroupId, Refusal> {
    GroupId::parse(text).ok_or_else(|| {
        // What has the form of an id and is none is like the id of nothing.
        let (code, detail) = if is_id(text, "grp_") {
            (RefusalCode::NotFound, "the account has no group by this id")
        } else {
            (RefusalCode::InvalidRequest, "expected the id of a group")
        };
        Refusal::new(code, detail).at(field)
    })
}

/// Text that is no id is treated like the id of nothing.
pub(crate) fn read_path(path: IdPath) -> Result<ContactId, Refusal> {
    let id = path.ok().and_then(|Path(text)| ContactId::parse(&text));
    id.ok_or_else(no_such_contact)
}

fn no_such_contact() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account has no contact by this id").at("id")
}
