//! The log of messages: newest first, by state, by number, by id; for customers their own, for
//! staff anybody's.

use app::detail::{MessageDetail, Page};
use app::{MessageQuery, Scope};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use types::Sensitive;
use types::address::Msisdn;
use types::id::{MessageId, RowKey};
use types::message::State as MessageState;
use types::role::Permission;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page};
use crate::guard::{Asked, Posted, SignedIn};
use crate::shared::House;
use crate::view::{Hue, Piece, cell_time, excerpt, mark, readable, shown_address};

/// Messages on one page.
const PAGE_SIZE: usize = 50;
/// The most characters of a search.
const SEARCH_CHARS_MAX: usize = 80;

/// What the address of the log may say.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct Wish {
    /// A group of states: the class of a hue.
    #[serde(default)]
    state: String,
    /// The number of a kept search.
    #[serde(default)]
    search: String,
    /// The cursor.
    #[serde(default)]
    before: String,
}

/// The search form.
#[derive(Deserialize)]
pub(crate) struct SearchForm {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
}

#[derive(Template)]
#[template(path = "messages.html")]
struct MessagesPage {
    frame: Frame,
    rows: Vec<Row>,
    staff: bool,
    base: &'static str,
    fragment: String,
    filters: Vec<Filter>,
    state: String,
    searched: String,
    search_error: Option<&'static str>,
    older: Option<String>,
    newest: Option<String>,
    is_filtered: bool,
    may_send: bool,
}

#[derive(Template)]
#[template(path = "parts/message_rows.html")]
struct RowsPart {
    rows: Vec<Row>,
    staff: bool,
}

/// One line of the log.
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) mark: Piece,
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) text: String,
    pub(crate) parts: u32,
    pub(crate) price: String,
    pub(crate) accepted: Piece,
    pub(crate) account: String,
    /// A change of this makes a live page show the line anew.
    pub(crate) revision: String,
}

struct Filter {
    href: String,
    word: &'static str,
    hue: &'static str,
    here: bool,
}

/// Groups of states that the log can be narrowed to.
const GROUPS: [(Hue, &str); 5] = [
    (Hue::Waiting, "Waiting"),
    (Hue::Moving, "On the way"),
    (Hue::Done, "Delivered"),
    (Hue::Doubtful, "Doubtful"),
    (Hue::Failed, "Not delivered"),
];

/// Shows the log.
pub(crate) async fn list(
    State(house): State<House>,
    person: SignedIn,
    Asked(wish): Asked<Wish>,
) -> Result<Response, Fault> {
    let (base, room) = home(&person);
    let search = Search::of(&house, &person, &wish);
    let found = if search.error.is_some() { none() } else { find(&house, &person, &wish, &search).await? };
    let link = |state: &str, before: &str| address(base, state, &wish.search, before);
    let filters = std::iter::once(("", "All", ""))
        .chain(GROUPS.iter().map(|(hue, word)| (hue.class(), *word, hue.class())));
    let next = found.next.map(cursor);
    let rows = lines(&person, &found.items);
    let newest = (!wish.before.is_empty()).then(|| link(&wish.state, ""));
    let mut frame = Frame::new(&house, Some(&person.0), room, "Messages").live("/events/overview");
    // This page has a search box of its own, which can say what is wrong.
    frame.search = None;
    page(&MessagesPage {
        frame,
        staff: person.0.role.is_staff(),
        base,
        fragment: address(&format!("{base}/rows"), &wish.state, &wish.search, &wish.before),
        filters: filters
            .map(|(state, word, hue)| Filter { href: link(state, ""), word, hue, here: state == wish.state })
            .collect(),
        state: wish.state.clone(),
        searched: search.text,
        search_error: search.error,
        older: next.map(|next| link(&wish.state, &next)),
        newest,
        is_filtered: !wish.state.is_empty() || !wish.search.is_empty() || !wish.before.is_empty(),
        may_send: person.may(Permission::MessagesSend),
        rows,
    })
}

/// Only the lines, for pages that are live.
pub(crate) async fn rows(
    State(house): State<House>,
    person: SignedIn,
    Asked(wish): Asked<Wish>,
) -> Result<Response, Fault> {
    let search = Search::of(&house, &person, &wish);
    let found = if search.error.is_some() { none() } else { find(&house, &person, &wish, &search).await? };
    page(&RowsPart { rows: lines(&person, &found.items), staff: person.0.role.is_staff() })
}

/// Takes a search: an id leads to its message, a number to the log of that number.
pub(crate) async fn search(
    State(house): State<House>,
    person: SignedIn,
    Posted(form): Posted<SearchForm>,
) -> Result<Response, Fault> {
    let (base, _) = home(&person);
    let text: String = form.q.trim().chars().take(SEARCH_CHARS_MAX).collect();
    if text.is_empty() {
        return Ok(Redirect::to(&address(base, &form.state, "", "")).into_response());
    }
    if let Some(id) = MessageId::parse(&text)
        && house.desk.message(person.scope()?, id).await?.is_some()
    {
        return Ok(Redirect::to(&format!("{base}/{id}")).into_response());
    }
    let number = house.searches.keep(person.0.id, &text).to_string();
    Ok(Redirect::to(&address(base, &form.state, &number, "")).into_response())
}

/// The newest messages, as lines.
pub(crate) async fn newest(
    house: &House,
    person: &SignedIn,
    connector: Option<String>,
    limit: usize,
) -> Result<Vec<Row>, Fault> {
    let query = MessageQuery { connector, limit, with_content: true, ..MessageQuery::default() };
    let found = house.desk.messages(person.scope()?, query).await?;
    Ok(lines(person, &found.items))
}

/// Where a person's messages are.
pub(crate) fn home(person: &SignedIn) -> (&'static str, Room) {
    if person.0.role.is_staff() {
        ("/staff/messages", Room::StaffMessages)
    } else {
        ("/messages", Room::Messages)
    }
}

/// What a kept search means.
struct Search {
    text: String,
    number: Option<Msisdn>,
    error: Option<&'static str>,
}

impl Search {
    fn of(house: &House, person: &SignedIn, wish: &Wish) -> Self {
        let nothing = Self { text: String::new(), number: None, error: None };
        if wish.search.is_empty() {
            return nothing;
        }
        let kept = wish.search.parse().ok().and_then(|number| house.searches.text(person.0.id, number));
        let Some(text) = kept else {
            return Self { error: Some("This search is forgotten. Type it again."), ..nothing };
        };
        let text = text.into_inner();
        let number = Msisdn::parse(&text);
        let error = match number {
            Some(_) => None,
            None if MessageId::parse(&text).is_some() => Some("No message of yours has this id."),
            None => Some(
                "Write a phone number with its country code, such as +44 7911 123456, \
                 or the id of a message in any of its forms.",
            ),
        };
        Self { text, number, error }
    }
}

async fn find(
    house: &House,
    person: &SignedIn,
    wish: &Wish,
    search: &Search,
) -> Result<Page<MessageDetail>, Fault> {
    let states = MessageState::ALL.iter().copied();
    let query = MessageQuery {
        states: states.filter(|state| Hue::of(*state).class() == wish.state).collect(),
        recipient: search.number.map(|number| Sensitive::new(number.e164())),
        before: before(&wish.before),
        limit: PAGE_SIZE,
        with_content: true,
        ..MessageQuery::default()
    };
    let scope: Scope = person.scope()?;
    Ok(house.desk.messages(scope, query).await?)
}

fn none() -> Page<MessageDetail> {
    Page { items: Vec::new(), next: None }
}

/// Lines of messages as a person may see them.
fn lines(person: &SignedIn, messages: &[MessageDetail]) -> Vec<Row> {
    let unmasked = person.may(Permission::NumbersUnmasked);
    let (base, _) = home(person);
    let line = |message: &MessageDetail| Row {
        id: message.id.to_string(),
        href: format!("{base}/{}", message.id),
        mark: mark(message.state),
        to: shown_address(&message.destination, unmasked),
        from: shown_address(&message.source, unmasked),
        text: message.content.as_ref().map_or_else(String::new, |content| excerpt(&readable(content))),
        parts: message.parts,
        price: message.price.to_string(),
        accepted: cell_time(message.accepted_at),
        account: message.account_name.clone(),
        revision: format!("{}-{}", message.state.code(), message.price.micros),
    };
    messages.iter().map(line).collect()
}

fn cursor(key: RowKey) -> String {
    format!("{:x}", key.as_i64())
}

fn before(cursor: &str) -> Option<RowKey> {
    i64::from_str_radix(cursor, 16).ok().filter(|key| *key > 0).map(RowKey::from_i64)
}

/// The address of a log; unknown states and cursors are left out by who reads them.
fn address(base: &str, state: &str, search: &str, before: &str) -> String {
    let fields = [("state", state), ("search", search), ("before", before)];
    let stated = fields.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<_> =
        stated.map(|(name, value)| format!("{name}={}", crate::view::percent_encode(value))).collect();
    if pairs.is_empty() { base.to_owned() } else { format!("{base}?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use types::id::RowKey;

    use super::{address, before, cursor};

    #[test]
    fn cursors_lead_back() {
        let key = RowKey::from_parts(1_795_000_000_123, 77);
        assert_eq!(before(&cursor(key)), Some(key));
        for nonsense in ["", "zz", "-1", "ffffffffffffffffffffff"] {
            assert_eq!(before(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn addresses_hold_what_is_stated() {
        assert_eq!(address("/messages", "", "", ""), "/messages");
        assert_eq!(address("/messages", "done", "4", "a&b"), "/messages?state=done&search=4&before=a%26b");
    }
}
