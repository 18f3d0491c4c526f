//! The forms of texts that several bodies have, for the OpenAPI document.
//!
//! It reads nothing: what is taken is said where it is read, and these say the same. Start at
//! [`NumberText`].

use types::access::KeyScope;
use types::event::EventType;
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

impl ToSchema for NumberText {}
impl ToSchema for NumberList {}
impl ToSchema for EventName {}
impl ToSchema for ScopeName {}
impl ToSchema for RangeText {}
