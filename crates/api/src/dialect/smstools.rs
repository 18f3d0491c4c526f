//! The Smstools dialect: JSON under `/v1`, with client id and secret in two headers.
//!
//! The other way round, [`push`] tells receipts and messages from phones as signed JSON. Start at
//! [`addresses`].

mod access;
mod account;
mod fault;
mod hooks;
mod lists;
mod optouts;
mod push;
mod send;

use std::sync::Arc;

use axum::routing::{any, delete, get, post};

use super::{Address, Dialect};

/// This dialect, for the list.
pub(super) const DIALECT: Dialect = Dialect {
    name: "smstools",
    title: "Smstools, API v1",
    addresses,
    renderers: &[|| Arc::new(push::SmstoolsPush)],
    borrows: &[],
    credentials: &[],
};

/// What this dialect has and Chappe has not, and why.
const NOT_BUILT: &[(&[&str], &str)] = &[
    (&["/v1/voice/send"], "there are no voice calls yet"),
    (&["/v1/whatsapp/{*rest}"], "there is no WhatsApp yet"),
    (
        &["/v1/contact", "/v1/contact/{*rest}", "/v1/groups", "/v1/groups/{id}"],
        "contacts and groups are kept by the native API",
    ),
    (&["/v1/messagetemplates", "/v1/messagetemplates/{id}"], "templates stand in the text of the native API"),
    (&["/v1/birthday-message", "/v1/birthday-message/{id}"], "there are no messages by birthday"),
    (
        &["/v1/customer", "/v1/customer/{*rest}"],
        "there are no white-label accounts with a login of their own",
    ),
    (&["/v1/countrycodes/{language}"], "names of countries are not kept"),
];

/// The addresses of this dialect.
fn addresses() -> Vec<Address> {
    let mut all = of_messages();
    all.extend(of_the_account());
    all.extend(of_others());
    all.extend(
        NOT_BUILT.iter().map(|(paths, why)| Address::refuses("any", paths, why, any(fault::not_built))),
    );
    all
}

fn of_messages() -> Vec<Address> {
    vec![
        Address::works("GET", &["/v1/auth"], "says whether the credentials are right", get(account::auth)),
        Address::works(
            "POST",
            &["/v1/message/send"],
            "sends to one recipient or a list: `message`, `to`, `sender`, `date`, `reference`, `subid`; `test` \
             tries and sends nothing",
            post(send::send),
        ),
        Address::works("GET", &["/v1/message/logging"], "lists what was sent", get(lists::history)),
        Address::works(
            "GET",
            &["/v1/message/logging/subaccount/{id}"],
            "lists what an account below the caller's has sent",
            get(lists::history_below),
        ),
        Address::works("GET", &["/v1/message/inbox"], "lists what phones wrote", get(lists::inbox)),
        Address::works(
            "GET",
            &["/v1/message/inbox/{id}"],
            "lists what phones wrote to one number, by its id in `/v1/vmn`",
            get(lists::inbox_of),
        ),
        Address::works(
            "GET",
            &["/v1/conversation/{phone}"],
            "lists what was sent to a phone and what it wrote",
            get(lists::conversation),
        ),
        Address::works("GET", &["/v1/outbox"], "lists what waits for its time", get(lists::outbox)),
        Address::works("DELETE", &["/v1/outbox/{id}"], "withdraws one of them", delete(lists::withdraw)),
    ]
}

fn of_the_account() -> Vec<Address> {
    vec![
        Address::works("GET", &["/v1/senderids"], "lists the account's senders", get(account::senders)),
        Address::works("GET", &["/v1/vmn"], "lists the account's numbers", get(account::numbers)),
        Address::works("GET", &["/v1/account"], "shows the account", get(account::account)),
        Address::works("GET", &["/v1/balance"], "tells the balance", get(account::balance)),
        Address::works(
            "GET",
            &["/v1/statistics"],
            "counts a `month` of a `year`, this one when nothing is said",
            get(account::statistics),
        ),
        Address::works(
            "GET",
            &["/v1/statistics/subaccount/{id}"],
            "counts an account below the caller's",
            get(account::statistics_below),
        ),
        Address::works("POST", &["/v1/format/number"], "looks at a number", post(account::format)),
    ]
}

/// Recipients that want nothing, accounts below the caller's, and webhooks.
fn of_others() -> Vec<Address> {
    vec![
        Address::works("POST", &["/v1/optouts"], "puts a number on the opt-out list", post(optouts::add)),
        Address::works("GET", &["/v1/optouts/list"], "lists it", get(optouts::list)),
        Address::works("DELETE", &["/v1/optouts/{phone}"], "takes a number from it", delete(optouts::remove)),
        Address::works(
            "GET",
            &["/v1/subaccount"],
            "lists the accounts below the caller's",
            get(account::below),
        ),
        Address::refuses(
            "POST",
            &["/v1/subaccount"],
            "an account below has keys instead of a password: make it by the native API",
            post(fault::not_built),
        ),
        Address::works(
            "GET",
            &["/v1/subaccount/{id}"],
            "shows one, by its account id",
            get(account::one_below),
        ),
        Address::refuses(
            "PATCH",
            &["/v1/subaccount/{id}"],
            "the same",
            axum::routing::patch(fault::not_built),
        ),
        Address::works(
            "POST",
            &["/v1/webhook/create"],
            "makes an address that hears of all messages, by POST",
            post(hooks::create),
        ),
        Address::works(
            "GET",
            &["/v1/webhook/endpoint-list"],
            "lists these addresses with their secrets",
            get(hooks::list),
        ),
        Address::works(
            "DELETE",
            &["/v1/webhook/{id}"],
            "takes one away, by its secret",
            delete(hooks::remove),
        ),
        Address::refuses(
            "GET",
            &["/v1/webhook/{id}"],
            "events are told again by the native API",
            get(fault::not_built),
        ),
    ]
}

#[cfg(test)]
mod tests;
