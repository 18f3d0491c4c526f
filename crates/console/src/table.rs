//! The one table of routes: address, method, who may come in, and the room.
//!
//! A route cannot be added without saying who may use it. Start at [`entries`].

use app::Person;
use axum::extract::DefaultBodyLimit;
use axum::http::Method;
use axum::routing::{MethodRouter, get, post};
use types::role::Permission;

use crate::assets;
use crate::rooms::{
    account, accounts, contacts, help, mailbox, messages, numbers, overview, phones, quarantine, reviews,
    send, senders, sessions, sign_in, staff, story, suppressions, traffic, tree,
};
use crate::shared::{House, SIGN_IN_FORM_BYTES_MAX, Shared, TABLE_BYTES_MAX, TRAFFIC_FORM_BYTES_MAX};
use crate::streams;

/// Who may use a route. Where permissions are listed, any one of them is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, signed in or not.
    Public,
    /// Users of an account with one of these permissions.
    Customer(&'static [Permission]),
    /// Members of staff with one of these permissions.
    Staff(&'static [Permission]),
    /// Anybody signed in with one of these permissions.
    Either(&'static [Permission]),
    /// The simulated parties: staff with one of these permissions, and users of accounts where the
    /// whole installation is a sandbox. Elsewhere the phones show what other customers sent.
    Simulated(&'static [Permission]),
    /// Anybody signed in.
    SignedIn,
}

impl Access {
    /// Whether a signed-in person may use the route in a house.
    pub(crate) fn allows(self, house: &Shared, person: &Person) -> bool {
        let any =
            |permissions: &[Permission]| permissions.iter().any(|permission| person.role.may(*permission));
        match self {
            Self::Public | Self::SignedIn => true,
            Self::Customer(permissions) => person.account.is_some() && any(permissions),
            Self::Staff(permissions) => is_staff(person) && any(permissions),
            Self::Either(permissions) => any(permissions),
            Self::Simulated(permissions) => (house.is_sandbox() || is_staff(person)) && any(permissions),
        }
    }
}

fn is_staff(person: &Person) -> bool {
    person.account.is_none() && person.role.is_staff()
}

/// A route as the table states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRow {
    /// The method; GET also answers HEAD.
    pub method: Method,
    /// The address, with parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
}

/// A route with its room.
pub(crate) struct Entry {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) room: MethodRouter<House>,
}

const ANY_MESSAGES: Access = Access::Either(&[Permission::MessagesView, Permission::AnyMessageView]);
const OWN_MESSAGES: Access = Access::Customer(&[Permission::MessagesView]);
const SENDING: Access = Access::Customer(&[Permission::MessagesSend]);
/// Whom the account writes to: for those who see phone numbers.
const PEOPLE: Access = Access::Customer(&[Permission::NumbersUnmasked]);
const OWN_ACCOUNT: Access = Access::Customer(&[Permission::MoneyView, Permission::KeysView]);
const OWN_KEYS: Access = Access::Customer(&[Permission::KeysView]);
/// The accounts below the own one.
const TREE: Access = Access::Customer(&[Permission::TreeView]);
const TREE_CHANGE: Access = Access::Customer(&[Permission::TreeChange]);
const ALL_MESSAGES: Access = Access::Staff(&[Permission::AnyMessageView]);
const TRAFFIC: Access = Access::Staff(&[Permission::TrafficView]);
const TRAFFIC_CHANGE: Access = Access::Staff(&[Permission::TrafficChange]);
/// Numbers and texts of customers' sessions.
const DISCLOSURE: Access = Access::Staff(&[Permission::NumbersUnmasked]);
const SANDBOX: Access = Access::Simulated(&[Permission::SandboxView]);

fn shows(path: &'static str, access: Access, room: MethodRouter<House>) -> Entry {
    Entry { method: Method::GET, path, access, room }
}

fn takes(path: &'static str, access: Access, room: MethodRouter<House>) -> Entry {
    Entry { method: Method::POST, path, access, room }
}

/// Every route of the console.
pub(crate) fn entries() -> Vec<Entry> {
    let sign_in = post(sign_in::enter).layer(DefaultBodyLimit::max(SIGN_IN_FORM_BYTES_MAX));
    let publish = post(traffic::publish).layer(DefaultBodyLimit::max(TRAFFIC_FORM_BYTES_MAX));
    let mut entries = vec![
        shows("/assets/{version}/{name}", Access::Public, get(assets::serve)),
        shows("/sign-in", Access::Public, get(sign_in::show)),
        takes("/sign-in", Access::Public, sign_in),
        takes("/sign-out", Access::Public, post(sign_in::leave)),
        shows("/help", Access::Public, get(help::show)),
        shows("/", ANY_MESSAGES, get(overview::show)),
        shows("/messages", OWN_MESSAGES, get(messages::list)),
        takes("/messages", OWN_MESSAGES, post(messages::search)),
        shows("/messages/rows", OWN_MESSAGES, get(messages::rows)),
        shows("/messages/{id}", OWN_MESSAGES, get(story::show)),
        shows("/messages/{id}/story", OWN_MESSAGES, get(story::fragment)),
        takes("/messages/{id}/withdraw", SENDING, post(story::withdraw)),
        shows("/send", SENDING, get(send::show)),
        takes("/send", SENDING, post(send::submit)),
        takes("/send/preview", SENDING, post(send::preview)),
    ];
    entries.extend(book());
    entries.extend([
        shows("/account", OWN_ACCOUNT, get(account::show)),
        takes("/account", OWN_KEYS, post(account::reveal)),
        takes("/account/webhook", OWN_KEYS, post(account::set_webhook)),
        shows("/accounts", TREE, get(tree::list)),
        takes("/accounts", TREE_CHANGE, post(tree::make)),
        takes("/accounts/leave", TREE, post(tree::leave)),
        shows("/accounts/{account}", TREE, get(tree::show)),
        takes("/accounts/{account}", TREE_CHANGE, post(tree::change)),
        takes("/accounts/{account}/people", TREE_CHANGE, post(tree::invite)),
        takes("/accounts/{account}/enter", TREE, post(tree::enter)),
        shows("/staff", TRAFFIC, get(staff::overview)),
        shows("/staff/connectors/{name}", TRAFFIC, get(staff::connector)),
        shows("/staff/messages", ALL_MESSAGES, get(messages::list)),
        takes("/staff/messages", ALL_MESSAGES, post(messages::search)),
        shows("/staff/messages/rows", ALL_MESSAGES, get(messages::rows)),
        shows("/staff/messages/{id}", ALL_MESSAGES, get(story::show)),
        shows("/staff/messages/{id}/story", ALL_MESSAGES, get(story::fragment)),
        shows("/staff/routes", TRAFFIC, get(traffic::show)),
        takes("/staff/routes", TRAFFIC_CHANGE, publish),
        shows("/staff/routes/versions/{number}", TRAFFIC, get(traffic::version)),
        takes("/staff/routes/versions/{number}", TRAFFIC_CHANGE, post(traffic::roll_back)),
        shows("/staff/accounts", ALL_MESSAGES, get(accounts::list)),
        shows("/staff/quarantine", ALL_MESSAGES, get(quarantine::list)),
        shows("/staff/quarantine/{id}", ALL_MESSAGES, get(quarantine::show)),
        takes("/staff/quarantine/{id}", TRAFFIC_CHANGE, post(quarantine::rule)),
        shows("/staff/reviews", TRAFFIC, get(reviews::list)),
        takes("/staff/reviews", TRAFFIC_CHANGE, post(reviews::decide)),
        shows("/staff/sessions", TRAFFIC, get(sessions::list)),
        shows("/staff/sessions/{number}", TRAFFIC, get(sessions::show)),
        takes("/staff/sessions/{number}", DISCLOSURE, post(sessions::disclose)),
        shows("/staff/sessions/{number}/trace", TRAFFIC, get(sessions::fragment)),
        shows("/staff/sessions/{number}/capture", TRAFFIC, get(sessions::capture)),
        takes("/staff/sessions/{number}/close", TRAFFIC_CHANGE, post(sessions::close)),
        shows("/phones", SANDBOX, get(phones::show)),
        shows("/phones/row", SANDBOX, get(phones::fragment)),
        takes("/phones/{number}/answer", SANDBOX, post(phones::answer)),
        shows("/phones/story/{carrier_id}", SANDBOX, get(phones::story)),
        shows("/mailbox", SANDBOX, get(mailbox::list)),
        shows("/mailbox/{mail}", SANDBOX, get(mailbox::show)),
        shows("/events/overview", ANY_MESSAGES, get(streams::figures)),
        shows("/events/messages/{id}", ANY_MESSAGES, get(streams::message)),
        shows("/events/connectors", TRAFFIC, get(streams::connectors)),
        shows("/events/sessions/{number}", TRAFFIC, get(streams::session_trace)),
        shows("/events/phones", SANDBOX, get(streams::phones)),
    ]);
    entries
}

/// Whom an account writes to, and from which senders.
fn book() -> [Entry; 9] {
    let import = post(contacts::import).layer(DefaultBodyLimit::max(TABLE_BYTES_MAX));
    [
        shows("/contacts", PEOPLE, get(contacts::list)),
        takes("/contacts", PEOPLE, post(contacts::change)),
        takes("/contacts/import", PEOPLE, import),
        shows("/suppressions", PEOPLE, get(suppressions::list)),
        takes("/suppressions", PEOPLE, post(suppressions::change)),
        shows("/senders", OWN_MESSAGES, get(senders::list)),
        takes("/senders", SENDING, post(senders::change)),
        shows("/numbers", OWN_MESSAGES, get(numbers::list)),
        takes("/numbers", SENDING, post(numbers::change)),
    ]
}

/// The table without its rooms.
pub fn route_rows() -> Vec<RouteRow> {
    let rows = entries().into_iter();
    rows.map(|entry| RouteRow { method: entry.method, path: entry.path, access: entry.access }).collect()
}

/// Who may look at an address of the table, for links.
pub(crate) fn access_of(path: &str) -> Option<Access> {
    ACCESS.iter().find(|(_, known)| *known == path).map(|(access, _)| *access)
}

/// Looking-at access of every address, read once.
static ACCESS: std::sync::LazyLock<Vec<(Access, &'static str)>> = std::sync::LazyLock::new(|| {
    let shown = entries().into_iter().filter(|entry| entry.method == Method::GET);
    shown.map(|entry| (entry.access, entry.path)).collect()
});
