//! The forms of texts that several bodies have, for the OpenAPI document.
//!
//! What is taken is said where it is read, and these say the same. Start at [`NumberText`].

use types::access::KeyScope;
use types::event::EventType;
use types::message::Class;
use types::quiet::DAY_NAMES;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{RefOr, schema};
use utoipa::{PartialSchema, ToSchema};

/// A phone number in any notation, with its country code.
pub(crate) struct NumberText;

/// Numbers as [`NumberText`], separated by commas.
pub(crate) struct NumberList;

/// The name of what events tell, as [`EventType::name`] writes it.
pub(crate) struct EventName;

/// What an API key may be allowed.
pub(crate) struct ScopeName;

/// An address of the Internet, or a range of them.
pub(crate) struct RangeText;

/// The id of a group of contacts.
pub(crate) struct GroupText;

/// The id of a contact.
pub(crate) struct ContactText;

/// Whether a text has the form of an id: its prefix and 26 letters and digits behind it.
pub(crate) fn is_id(text: &str, prefix: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    text.strip_prefix(prefix).is_some_and(|rest| rest.len() == 26 && rest.bytes().all(is_plain))
}

/// Two letters of a country (ISO 3166-1).
pub(crate) struct CountryText;

/// A day of the week, as documents write it.
pub(crate) struct DayName;

/// What goes first when there is a queue.
pub(crate) struct ClassName;

fn text(describe: impl FnOnce(ObjectBuilder) -> ObjectBuilder) -> RefOr<Schema> {
    RefOr::T(describe(ObjectBuilder::new().schema_type(schema::SchemaType::new(Type::String))).into())
}

impl PartialSchema for NumberText {
    fn schema() -> RefOr<Schema> {
        text(|number| number.pattern(Some(r"^\+?[1-9]([ .()/-]*[0-9]){5,14}$")))
    }
}

impl PartialSchema for NumberList {
    fn schema() -> RefOr<Schema> {
        const NUMBER: &str = r"\+?[1-9]([ .()/-]*[0-9]){5,14}";
        text(|list| list.pattern(Some(format!("^{NUMBER}(,{NUMBER})*$"))))
    }
}

impl PartialSchema for EventName {
    fn schema() -> RefOr<Schema> {
        text(|name| name.enum_values(Some(EventType::all().map(EventType::name))))
    }
}

impl PartialSchema for ScopeName {
    fn schema() -> RefOr<Schema> {
        text(|name| name.enum_values(Some(KeyScope::ALL.iter().map(|scope| scope.as_str()))))
    }
}

impl PartialSchema for RangeText {
    fn schema() -> RefOr<Schema> {
        text(|range| range.format(Some(SchemaFormat::Custom("ip-range".to_owned()))))
    }
}

impl PartialSchema for GroupText {
    fn schema() -> RefOr<Schema> {
        text(|id| id.pattern(Some("^grp_[0-9a-z]{26}$")))
    }
}

impl PartialSchema for ContactText {
    fn schema() -> RefOr<Schema> {
        text(|id| id.pattern(Some("^con_[0-9a-z]{26}$")))
    }
}

impl PartialSchema for CountryText {
    fn schema() -> RefOr<Schema> {
        text(|country| country.pattern(Some("^[A-Za-z]{2}$")))
    }
}

impl PartialSchema for DayName {
    fn schema() -> RefOr<Schema> {
        text(|day| day.enum_values(Some(DAY_NAMES)))
    }
}

impl PartialSchema for ClassName {
    fn schema() -> RefOr<Schema> {
        text(|class| class.enum_values(Some(Class::ALL.iter().map(|class| class.as_str()))))
    }
}

impl ToSchema for NumberText {}
impl ToSchema for NumberList {}
impl ToSchema for EventName {}
impl ToSchema for ScopeName {}
impl ToSchema for RangeText {}
impl ToSchema for GroupText {}
impl ToSchema for ContactText {}
impl ToSchema for CountryText {}
impl ToSchema for DayName {}
impl ToSchema for ClassName {}
