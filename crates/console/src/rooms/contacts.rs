//! Contacts and groups of an account: looked through, added, imported from a table, removed.
//!
//! Numbers never stand in an address: a search is posted and answered at once. Start at [`list`].

use app::{CONTACTS_AT_ONCE_MAX, ContactQuery, ContactView, GroupView, Imported, read_contacts};
use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use types::Sensitive;
use types::address::Msisdn;
use types::contact::Contact;
use types::id::{AccountId, ContactId, GroupId, RowKey};
use types::refusal::Refusal;
use types::role::Permission;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page, page_with};
use crate::guard::{Asked, Posted, SignedIn};
use crate::rooms::forms::{check_token, own, unknown, words, wrong};
use crate::shared::House;
use crate::upload::{self, Part};
use crate::view::{count, grouped};

/// Contacts on one page.
const PAGE_SIZE: usize = 100;

/// Forms that say beside their fields what is wrong.
const FORMS: &[&str] = &["search", "add", "group", "import"];

#[derive(Template)]
#[template(path = "contacts.html")]
struct ContactsPage {
    frame: Frame,
    rows: Vec<Row>,
    groups: Vec<GroupRow>,
    /// The group whose contacts are shown.
    group: Option<String>,
    next: Option<String>,
    editable: bool,
    token: String,
    /// What was searched for.
    search: String,
    error: Option<(String, String)>,
    form: Changing,
}

impl ContactsPage {
    /// What was wrong with one of the forms.
    fn wrong(&self, form: &str) -> Option<&str> {
        self.error.as_ref().filter(|(at, _)| at == form).map(|(_, text)| text.as_str())
    }

    /// What was wrong with a form that has no place of its own for it.
    fn elsewhere(&self) -> Option<&str> {
        let error = self.error.as_ref();
        error.filter(|(at, _)| !FORMS.contains(&at.as_str())).map(|(_, text)| text.as_str())
    }
}

struct Row {
    id: String,
    number: String,
    name: String,
    language: String,
    groups: String,
    suppressed: bool,
}

struct GroupRow {
    id: String,
    name: String,
    contacts: String,
    here: bool,
}

/// What the address may say.
#[derive(Default, Deserialize)]
pub(crate) struct Place {
    #[serde(default)]
    group: String,
    before: Option<i64>,
    /// How many contacts an import has made and changed.
    made: Option<usize>,
    changed: Option<usize>,
}

/// The forms of the page: `what` names the button.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct Changing {
    #[serde(default)]
    what: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    contact: String,
    #[serde(default)]
    token: String,
}

/// Shows contacts.
pub(crate) async fn list(
    State(house): State<House>,
    person: SignedIn,
    Asked(place): Asked<Place>,
) -> Result<Response, Fault> {
    let query = ContactQuery {
        group: GroupId::parse(&place.group),
        before: place.before.map(RowKey::from_i64),
        ..ContactQuery::default()
    };
    let mut shown = contacts_page(&house, &person, query, Changing::default(), None).await?;
    if let (Some(made), Some(changed)) = (place.made, place.changed) {
        shown.frame.notice = Some(format!("{made} contacts are new, and {changed} have changed."));
    }
    page(&shown)
}

/// Searches, adds or removes.
pub(crate) async fn change(
    State(house): State<House>,
    person: SignedIn,
    Posted(form): Posted<Changing>,
) -> Result<Response, Fault> {
    if form.what == "search" {
        return search(&house, &person, form).await;
    }
    match carry_out(&house, &person, &form).await {
        Ok(()) => Ok(Redirect::to("/contacts").into_response()),
        Err(refusal) => {
            let error = Some((form.what.clone(), words(refusal)?));
            let shown = contacts_page(&house, &person, ContactQuery::default(), form, error).await?;
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
    }
}

async fn search(house: &House, person: &SignedIn, form: Changing) -> Result<Response, Fault> {
    let number = Msisdn::parse(form.number.trim());
    let mut error = None;
    if number.is_none() && !form.number.trim().is_empty() {
        error = Some(("search".to_owned(), "Write a phone number with its country code.".to_owned()));
    }
    let query = ContactQuery { number, ..ContactQuery::default() };
    let text = form.number.trim().to_owned();
    let mut shown = contacts_page(house, person, query, Changing::default(), error).await?;
    shown.search = text;
    page(&shown)
}

async fn carry_out(house: &House, person: &SignedIn, form: &Changing) -> Result<(), Refusal> {
    let account = own(person).map_err(|_| unknown())?;
    check_token(&form.token, account)?;
    match form.what.as_str() {
        "add" => {
            let number = Msisdn::parse(form.number.trim());
            let number = number.ok_or_else(|| wrong("Write a phone number with its country code."))?;
            let contact =
                Contact { name: Sensitive::new(form.name.trim().to_owned()), ..Contact::of(number) };
            house.desk.make_contact(account, contact, GroupId::parse(&form.group).into_iter().collect()).await
        }
        "remove" => {
            let id = ContactId::parse(&form.contact).ok_or_else(unknown)?;
            house.desk.remove_contact(account, id).await
        }
        "group" => house.desk.make_group(account, form.name.trim().to_owned()).await,
        "remove-group" => {
            let id = GroupId::parse(&form.group).ok_or_else(unknown)?;
            house.desk.remove_group(account, id).await
        }
        _ => Err(unknown()),
    }
}

/// Takes a table of contacts.
pub(crate) async fn import(
    State(house): State<House>,
    person: SignedIn,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    match take_table(&house, &person, &headers, &body).await {
        Ok(Imported { made, changed }) => {
            let to = format!("/contacts?made={made}&changed={changed}");
            Ok(Redirect::to(&to).into_response())
        }
        Err(refusal) => {
            let error = Some(("import".to_owned(), words(refusal)?));
            let (query, form) = (ContactQuery::default(), Changing::default());
            let shown = contacts_page(&house, &person, query, form, error).await?;
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
    }
}

/// Imports a table in steps; a step that is refused leaves those before it.
async fn take_table(
    house: &House,
    person: &SignedIn,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Imported, Refusal> {
    let account = own(person).map_err(|_| unknown())?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let parts = upload::parts(kind, body).ok_or_else(|| wrong("Choose a file with a table of contacts."))?;
    let part = |name: &str| parts.iter().find(|part: &&Part<'_>| part.name == name).map(|part| part.content);
    let text = |name: &str| part(name).map(String::from_utf8_lossy).unwrap_or_default().into_owned();
    check_token(&text("token"), account)?;
    let table = std::str::from_utf8(part("table").unwrap_or_default());
    let table = table.map_err(|_| wrong("The table must be a text in UTF-8, as \"CSV UTF-8\" is."))?;
    if table.trim().is_empty() {
        return Err(wrong("Choose a file with a table of contacts."));
    }
    let group = GroupId::parse(&text("group"));
    let contacts = read_contacts(table)?;
    let mut all = Imported::default();
    for step in contacts.chunks(CONTACTS_AT_ONCE_MAX) {
        let done = house.desk.import_contacts(account, step.to_vec(), group).await.map_err(|refusal| {
            let before = all.made + all.changed;
            let detail = format!("{} ({before} contacts before it were taken)", refusal.detail);
            Refusal { detail, ..refusal }
        })?;
        all.made += done.made;
        all.changed += done.changed;
    }
    Ok(all)
}

async fn contacts_page(
    house: &House,
    person: &SignedIn,
    query: ContactQuery,
    form: Changing,
    error: Option<(String, String)>,
) -> Result<ContactsPage, Fault> {
    let account: AccountId = own(person)?;
    let groups = house.desk.groups(account).await?;
    let group = query.group.and_then(|id| groups.iter().find(|group| group.id == id));
    let query = ContactQuery { group: group.map(|group| group.id), limit: PAGE_SIZE, ..query };
    let shown_group = query.group.map(|id| id.to_string()).unwrap_or_default();
    let found = house.desk.contacts(account, query).await?;
    let next = found.next.map(|key| format!("/contacts?group={shown_group}&before={}", key.as_i64()));
    let group_row = |known: &GroupView| GroupRow {
        id: known.id.to_string(),
        name: known.name.clone(),
        contacts: count(known.contacts),
        here: group.is_some_and(|group| group.id == known.id),
    };
    Ok(ContactsPage {
        frame: Frame::new(house, Some(&person.0), Room::Contacts, "Contacts"),
        rows: found.items.iter().map(|view| row(view, &groups)).collect(),
        groups: groups.iter().map(group_row).collect(),
        group: group.map(|group| group.name.clone()),
        next,
        editable: person.may(Permission::MessagesSend),
        token: house.form_token(person.0.account),
        search: String::new(),
        error,
        form,
    })
}

fn row(view: &ContactView, groups: &[GroupView]) -> Row {
    let named = |id: &GroupId| groups.iter().find(|group| group.id == *id).map(|group| group.name.as_str());
    Row {
        id: view.id.to_string(),
        number: grouped(view.contact.number),
        name: view.contact.name.expose().clone(),
        language: view.contact.language.clone(),
        groups: view.groups.iter().filter_map(named).collect::<Vec<_>>().join(", "),
        suppressed: view.suppressed.is_some(),
    }
}
