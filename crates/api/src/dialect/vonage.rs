//! The Vonage dialect: the SMS API with forms or JSON in and JSON or XML out, always HTTP 200; and the
//! Messages API for SMS, with problem documents.
//!
//! The SMS API takes key and secret among its fields, by Basic authentication, or proven by a signature over
//! all fields. The other way round, [`push`] tells receipts and messages from phones as each of the two APIs
//! does. Start at [`addresses`].

mod account;
mod fault;
mod messages;
mod push;
mod sign;
mod sms;

use std::sync::Arc;

use axum::routing::{any, get, post};

use super::{Address, Dialect};

/// This dialect, for the list.
pub(super) const DIALECT: Dialect = Dialect {
    name: "vonage",
    title: "Vonage: SMS API, and Messages API v1 for SMS",
    addresses,
    renderers: &[|| Arc::new(push::SmsPush), || Arc::new(push::MessagesPush)],
    borrows: &[],
    credentials: &["api_key"],
};

/// The addresses of this dialect.
fn addresses() -> Vec<Address> {
    vec![
        Address::works(
            "GET POST",
            &["/sms/json"],
            "sends; fields in the query, a form or JSON; key and secret among them, by Basic, or a signature by \
             any of the five methods",
            get(sms::json).post(sms::json).head(sms::no_head),
        ),
        Address::works(
            "GET POST",
            &["/sms/xml"],
            "the same, answered in XML",
            get(sms::xml).post(sms::xml).head(sms::no_head),
        ),
        Address::works(
            "POST",
            &["/v1/messages"],
            "sends a `text` by the channel `sms`; Basic authentication; other channels and `failover` are \
             refused with 422, JWT with 401",
            post(messages::send),
        ),
        Address::refuses(
            "PATCH",
            &["/v1/messages/{id}"],
            "there are no channels in which a message is read or revoked: 404",
            axum::routing::patch(fault::not_built),
        ),
        Address::works("GET", &["/account/get-balance"], "tells the balance", get(account::balance)),
        Address::works("GET", &["/account/numbers"], "lists the account's numbers", get(account::numbers)),
        Address::refuses(
            "any",
            &[
                "/account/settings",
                "/account/top-up",
                "/account/get-pricing/{*rest}",
                "/account/get-full-pricing/{*rest}",
                "/account/get-prefix-pricing/{*rest}",
                "/number/{*rest}",
                "/ni/{*rest}",
                "/v2/verify",
                "/v2/verify/{*rest}",
            ],
            "settings, pricing, buying numbers, Number Insight and Verify are not built: 404",
            any(fault::not_built),
        ),
    ]
}

#[cfg(test)]
mod tests;
