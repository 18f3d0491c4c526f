//! What stands around every page: marks, rooms, search, the person, and addresses of files.

use app::Person;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use crate::assets;
use crate::fault::Fault;
use crate::shared::House;
use crate::table::{self, Access};

/// The rooms that the head of a page leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Overview,
    Messages,
    Send,
    Contacts,
    Suppressions,
    Senders,
    Numbers,
    Account,
    Tree,
    Connectors,
    StaffMessages,
    Routes,
    Accounts,
    Quarantine,
    Reviews,
    Sessions,
    Phones,
    Mailbox,
    Help,
    None,
}

/// A link in the head of a page.
pub(crate) struct NavItem {
    pub(crate) href: &'static str,
    pub(crate) word: &'static str,
    /// The letter after `g`.
    pub(crate) key: char,
    pub(crate) here: bool,
}

/// What stands around a page.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) brand: String,
    pub(crate) assets: String,
    pub(crate) nav: Vec<NavItem>,
    pub(crate) email: Option<String>,
    pub(crate) role: String,
    /// The account that a person of a reseller acts for, when it is not the own one.
    pub(crate) acts_for: Option<String>,
    /// Where the search box leads; none for people who may see no messages.
    pub(crate) search: Option<&'static str>,
    pub(crate) now_ms: i64,
    /// The event stream that keeps the page live.
    pub(crate) stream: Option<String>,
    /// Whether the page draws a chart.
    pub(crate) chart: bool,
    /// A sentence about what was just done.
    pub(crate) notice: Option<String>,
}

/// Rooms of customers, of staff, and of both, in the order of the head.
const NAV: &[(Room, &str, &str, char)] = &[
    (Room::Overview, "/", "Overview", 'o'),
    (Room::Messages, "/messages", "Messages", 'm'),
    (Room::Send, "/send", "Send", 's'),
    (Room::Contacts, "/contacts", "Contacts", 'k'),
    (Room::Suppressions, "/suppressions", "Blocked", 'x'),
    (Room::Senders, "/senders", "Senders", 'i'),
    (Room::Numbers, "/numbers", "Numbers", 'u'),
    (Room::Account, "/account", "Account", 'a'),
    (Room::Tree, "/accounts", "Accounts", 't'),
    (Room::Connectors, "/staff", "Connectors", 'c'),
    (Room::StaffMessages, "/staff/messages", "Messages", 'm'),
    (Room::Routes, "/staff/routes", "Routes", 'r'),
    (Room::Accounts, "/staff/accounts", "Accounts", 'a'),
    (Room::Quarantine, "/staff/quarantine", "Quarantine", 'q'),
    (Room::Reviews, "/staff/reviews", "Reviews", 'v'),
    (Room::Sessions, "/staff/sessions", "Sessions", 'n'),
    (Room::Phones, "/phones", "Phones", 'p'),
    (Room::Mailbox, "/mailbox", "Mailbox", 'b'),
    (Room::Help, "/help", "Help", 'h'),
];

impl Frame {
    /// The frame of a page for a person.
    pub(crate) fn new(house: &House, person: Option<&Person>, room: Room, title: &str) -> Self {
        let opens = |(at, href, _, _): &&(Room, &'static str, &'static str, char)| {
            let exists = match at {
                Room::Sessions => house.sessions.is_some(),
                Room::Phones => house.phones.is_some(),
                Room::Mailbox => house.mails.is_some(),
                // Staff are led on from there.
                Room::Overview => person.is_some_and(|person| !person.role.is_staff()),
                _ => true,
            };
            exists && table::access_of(href).is_some_and(|access| access.opens_to(house, person))
        };
        let nav = NAV.iter().filter(opens).map(|(at, href, word, key)| NavItem {
            href,
            word,
            key: *key,
            here: *at == room,
        });
        let search = person.and_then(|person| {
            let action = if person.role.is_staff() { "/staff/messages" } else { "/messages" };
            table::access_of(action).filter(|access| access.allows(house, person)).map(|_| action)
        });
        Self {
            title: title.to_owned(),
            brand: house.desk.brand(),
            assets: assets::base(),
            nav: nav.collect(),
            email: person.map(|person| person.email.clone()),
            role: person.map_or_else(String::new, |person| person.role.as_str().replace('_', " ")),
            acts_for: person
                .and_then(|person| person.account.filter(|_| person.home.is_some()))
                .map(|account| house.desk.own_name(account)),
            search,
            now_ms: house.desk.now().as_ms(),
            stream: None,
            chart: false,
            notice: None,
        }
    }

    /// Keeps the page live by a stream.
    #[must_use]
    pub(crate) fn live(mut self, stream: impl Into<String>) -> Self {
        self.stream = Some(stream.into());
        self
    }

    /// Loads what charts need.
    #[must_use]
    pub(crate) fn with_chart(mut self) -> Self {
        self.chart = true;
        self
    }

    /// Tells what was just done.
    #[must_use]
    pub(crate) fn telling(mut self, notice: Option<String>) -> Self {
        self.notice = notice;
        self
    }
}

impl Access {
    /// Whether a visitor may come in.
    pub(crate) fn opens_to(self, house: &House, person: Option<&Person>) -> bool {
        self == Self::Public || person.is_some_and(|person| self.allows(house, person))
    }
}

/// Writes a page.
pub(crate) fn page(template: &impl Template) -> Result<Response, Fault> {
    page_with(StatusCode::OK, template)
}

/// Writes a page with another status than 200.
pub(crate) fn page_with(status: StatusCode, template: &impl Template) -> Result<Response, Fault> {
    Ok((status, Html(template.render()?)).into_response())
}
