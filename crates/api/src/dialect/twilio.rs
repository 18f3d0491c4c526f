//! The Twilio dialect: the 2010 API, with forms in and JSON or XML out, by the ending of the address.
//!
//! Basic authentication with the account's id (`AC…`) or an API key as user, and the key's secret as
//! password. A key that acts for accounts below its own names one of them in the path. The other way round,
//! [`push`] tells receipts and messages from phones, and carries out the TwiML that is answered. Start at
//! [`addresses`].

mod access;
mod account;
mod answer;
mod fault;
mod messages;
mod numbers;
mod push;
mod resource;
mod services;
mod submit;
mod twiml;
mod usage;

use std::sync::Arc;

use axum::routing::{any, delete, get, post};

use super::{Address, Dialect};
use crate::state::Api;
use axum::routing::MethodRouter;

/// This dialect, for the list.
pub(super) const DIALECT: Dialect = Dialect {
    name: "twilio",
    title: "Twilio, API 2010-04-01",
    addresses,
    renderers: &[|| Arc::new(push::TwilioPush)],
    borrows: &[],
    credentials: &[],
};

/// What every path begins with.
const ROOT: &str = "/2010-04-01/Accounts";

/// A path below an account, with every ending that says the form of the answer.
fn below(rest: &str) -> Vec<String> {
    let path = format!("{ROOT}/{{account}}/{rest}");
    // A parameter at the end takes the ending with it.
    if rest.ends_with('}') { vec![path] } else { endings(&path) }
}

fn endings(path: &str) -> Vec<String> {
    ["", ".json", ".xml"].iter().map(|ending| format!("{path}{ending}")).collect()
}

fn works(methods: &'static str, paths: Vec<String>, what: &'static str, route: MethodRouter<Api>) -> Address {
    Address { paths, ..Address::works(methods, &[], what, route) }
}

fn refuses(
    methods: &'static str,
    paths: Vec<String>,
    why: &'static str,
    route: MethodRouter<Api>,
) -> Address {
    Address { paths, ..Address::refuses(methods, &[], why, route) }
}

/// The addresses of this dialect.
fn addresses() -> Vec<Address> {
    let mut all = of_messages();
    all.extend(of_accounts());
    all.extend(of_numbers());
    all.extend(of_services());
    all.push(refuses(
        "any",
        vec!["/2010-04-01/{*rest}".to_owned()],
        "calls, conferences, recordings, queues, applications and the like are not built: 404, code 20404",
        any(fault::not_built),
    ));
    all.push(refuses(
        "any",
        vec![format!("{}/{{sid}}/{{*rest}}", services::ROOT)],
        "the senders of a service are set by the native API: 404, code 20404",
        any(fault::not_built),
    ));
    all
}

fn of_messages() -> Vec<Address> {
    vec![
        works(
            "POST",
            below("Messages"),
            "sends: `To`, `From`, `Body`, `StatusCallback`, `ValidityPeriod`, `SendAt` with \
             `ScheduleType=fixed`; media, contents and Messaging Services are refused",
            post(submit::create),
        ),
        works(
            "GET",
            below("Messages"),
            "lists by `To`, `From`, `DateSent`, `DateSent<`, `DateSent>`, with messages from phones",
            get(messages::list),
        ),
        works("GET", below("Messages/{sid}"), "shows one, also of a phone", get(messages::show)),
        works(
            "POST",
            below("Messages/{sid}"),
            "`Status=canceled` withdraws, an empty `Body` erases the text",
            post(messages::change),
        ),
        works("DELETE", below("Messages/{sid}"), "deletes one that has ended", delete(messages::remove)),
        works("GET", below("Messages/{sid}/Media"), "always empty", get(messages::media)),
    ]
}

fn of_accounts() -> Vec<Address> {
    vec![
        works("GET", endings(ROOT), "lists the caller's account and those below it", get(account::list)),
        works(
            "POST",
            endings(ROOT),
            "makes an account below the caller's, named by `FriendlyName`; it has no token of its own",
            post(account::create),
        ),
        works("GET", vec![format!("{ROOT}/{{account}}")], "shows an account", get(account::show)),
        works(
            "POST",
            vec![format!("{ROOT}/{{account}}")],
            "`Status` suspends, reactivates or closes an account below the caller's",
            post(account::change),
        ),
        works("GET", below("Balance"), "tells the balance", get(account::balance)),
        works(
            "GET",
            below("Usage/Records"),
            "sums up by `Category`, `StartDate` and `EndDate`: `sms`, `sms-outbound` and `totalprice`",
            get(usage::all),
        ),
        works(
            "GET",
            below("Usage/Records/{span}"),
            "the same for `AllTime`, `Today`, `Yesterday`, `ThisMonth` and `LastMonth`, or in lines that are \
             `Daily`, `Monthly` or `Yearly`",
            get(usage::span),
        ),
    ]
}

fn of_numbers() -> Vec<Address> {
    vec![
        works("GET", below("IncomingPhoneNumbers"), "lists the account's numbers", get(numbers::list)),
        refuses(
            "POST",
            below("IncomingPhoneNumbers"),
            "numbers are given out by the operator: 400, code 21422",
            post(numbers::buy),
        ),
        works("GET", below("IncomingPhoneNumbers/{sid}"), "shows one", get(numbers::show)),
        works(
            "POST",
            below("IncomingPhoneNumbers/{sid}"),
            "`SmsUrl` says where is told what phones write to it",
            post(numbers::change),
        ),
        works("GET", below("AvailablePhoneNumbers"), "an empty list", get(numbers::countries)),
        works(
            "GET",
            below("AvailablePhoneNumbers/{country}/{kind}"),
            "an empty list: numbers are given out by the operator",
            get(numbers::available),
        ),
    ]
}

/// Messaging Services are pools of senders.
fn of_services() -> Vec<Address> {
    let all = || vec![services::ROOT.to_owned()];
    let one = || vec![format!("{}/{{sid}}", services::ROOT)];
    vec![
        works("GET", all(), "lists the account's pools of senders", get(services::list)),
        works(
            "POST",
            all(),
            "makes one: `FriendlyName`, `StickySender`, `AreaCodeGeomatch`",
            post(services::create),
        ),
        works("GET", one(), "shows one", get(services::show)),
        works("POST", one(), "changes the same of one", post(services::change)),
        works("DELETE", one(), "takes one away", delete(services::remove)),
    ]
}

#[cfg(test)]
mod tests;
