//! No customer reaches another's data: every operation, asked by everybody who may ask, with the ids of
//! what belongs to somebody else.
//!
//! One table has a row for every operation; an operation without a row, and a row without an operation,
//! fail the test.

use std::collections::BTreeSet;
use std::sync::Arc;

use app::{KeyView, Scope};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use types::access::{KeyScope, KeyScopes};
use types::id::{AccountId, CredentialId};

use crate::dialect;
use crate::native::{OPERATIONS, Operation};
use crate::router::tests::query_of;
use crate::testing::{
    Answer, CHILD, CONTACT_NUMBER, FakeDesk, HELD, OWNER, STRANGER, SUPPRESSED, account_id, call, contact_id,
    detail, group_id, message_id, pool_id, router_of, sender_id, signature_id, template_id, webhook,
};

/// What the id of a path is the id of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Id {
    None,
    Message,
    Webhook,
    Key,
    Contact,
    Group,
    Sender,
    Pool,
    Template,
    Signature,
    /// A number on the suppression list.
    Suppression,
    /// A number that an account holds.
    Held,
    /// An account below the owner's.
    Account,
    /// A phone's, which belongs to no account.
    Number,
}

/// Method, path, what its id is of, and a body that is taken.
type Row = (&'static str, &'static str, Id, &'static str);

const ROWS: &[Row] = &[
    ("post", "/api/v1/messages", Id::None, r#"{"from":"A","to":"32470000000","text":"x","dry_run":true}"#),
    ("get", "/api/v1/messages", Id::None, ""),
    ("get", "/api/v1/messages/{id}", Id::Message, ""),
    ("delete", "/api/v1/messages/{id}", Id::Message, ""),
    ("get", "/api/v1/messages/{id}/explain", Id::Message, ""),
    ("post", "/api/v1/messages/{id}/cancel", Id::Message, ""),
    ("post", "/api/v1/messages/{id}/redact", Id::Message, ""),
    ("post", "/api/v1/hooks/alertmanager", Id::None, ALERTS),
    ("post", "/api/v1/hooks/grafana", Id::None, ALERTS),
    ("get", "/api/v1/balance", Id::None, ""),
    ("get", "/api/v1/inbound", Id::None, ""),
    ("get", "/api/v1/me", Id::None, ""),
    ("get", "/api/v1/movements", Id::None, ""),
    ("get", "/api/v1/statistics", Id::None, ""),
    ("get", "/api/v1/prices", Id::None, ""),
    ("get", "/api/v1/numbers/{id}", Id::Number, ""),
    ("get", "/api/v1/exports/messages", Id::None, ""),
    ("get", "/api/v1/exports/movements", Id::None, ""),
    ("get", "/api/v1/exports/inbound", Id::None, ""),
    ("get", "/api/v1/exports/statistics", Id::None, ""),
    ("get", "/api/v1/exports/webhooks/{id}", Id::Webhook, ""),
    ("get", "/api/v1/webhooks", Id::None, ""),
    ("post", "/api/v1/webhooks", Id::None, r#"{"url":"https://stranger.example/"}"#),
    ("put", "/api/v1/webhooks/default", Id::None, r#"{"url":null}"#),
    ("get", "/api/v1/webhooks/{id}", Id::Webhook, ""),
    ("patch", "/api/v1/webhooks/{id}", Id::Webhook, r#"{"description":"mine"}"#),
    ("delete", "/api/v1/webhooks/{id}", Id::Webhook, ""),
    ("post", "/api/v1/webhooks/{id}/rotate", Id::Webhook, ""),
    ("post", "/api/v1/webhooks/{id}/test", Id::Webhook, ""),
    ("get", "/api/v1/webhooks/{id}/deliveries", Id::Webhook, ""),
    ("post", "/api/v1/webhooks/{id}/replay", Id::Webhook, r#"{"status":"dead"}"#),
    ("get", "/api/v1/senders", Id::None, ""),
    ("post", "/api/v1/senders", Id::None, r#"{"sender":"Mine"}"#),
    ("get", "/api/v1/senders/{id}", Id::Sender, ""),
    ("delete", "/api/v1/senders/{id}", Id::Sender, ""),
    ("get", "/api/v1/senders/numbers", Id::None, ""),
    ("get", "/api/v1/senders/numbers/{id}", Id::Held, ""),
    ("patch", "/api/v1/senders/numbers/{id}", Id::Held, r#"{"route":"binds"}"#),
    ("get", "/api/v1/pools", Id::None, ""),
    ("post", "/api/v1/pools", Id::None, r#"{"name":"mine"}"#),
    ("get", "/api/v1/pools/{id}", Id::Pool, ""),
    ("patch", "/api/v1/pools/{id}", Id::Pool, r#"{"name":"mine"}"#),
    ("delete", "/api/v1/pools/{id}", Id::Pool, ""),
    ("get", "/api/v1/quiet-hours", Id::None, ""),
    ("put", "/api/v1/quiet-hours", Id::None, r#"{"quiet_hours":{"from":"22:00","to":"07:00"}}"#),
    ("get", "/api/v1/templates", Id::None, ""),
    ("post", "/api/v1/templates", Id::None, r#"{"name":"mine","text":"x"}"#),
    ("get", "/api/v1/templates/{id}", Id::Template, ""),
    ("patch", "/api/v1/templates/{id}", Id::Template, r#"{"submit":true}"#),
    ("delete", "/api/v1/templates/{id}", Id::Template, ""),
    ("get", "/api/v1/signatures", Id::None, ""),
    ("post", "/api/v1/signatures", Id::None, r#"{"signature":"Mine"}"#),
    ("get", "/api/v1/signatures/{id}", Id::Signature, ""),
    ("delete", "/api/v1/signatures/{id}", Id::Signature, ""),
    ("get", "/api/v1/keywords", Id::None, ""),
    ("patch", "/api/v1/keywords", Id::None, r#"{"help":"mine"}"#),
    ("get", "/api/v1/contacts", Id::None, ""),
    ("post", "/api/v1/contacts", Id::None, r#"{"number":"+32470000000"}"#),
    ("post", "/api/v1/contacts/import", Id::None, r#"{"csv":"number\n32470000000"}"#),
    ("get", "/api/v1/contacts/{id}", Id::Contact, ""),
    ("patch", "/api/v1/contacts/{id}", Id::Contact, r#"{"name":"mine"}"#),
    ("delete", "/api/v1/contacts/{id}", Id::Contact, ""),
    ("get", "/api/v1/groups", Id::None, ""),
    ("post", "/api/v1/groups", Id::None, r#"{"name":"mine"}"#),
    ("get", "/api/v1/groups/{id}", Id::Group, ""),
    ("patch", "/api/v1/groups/{id}", Id::Group, r#"{"name":"mine"}"#),
    ("delete", "/api/v1/groups/{id}", Id::Group, ""),
    ("post", "/api/v1/groups/{id}/join", Id::Group, MEMBERS),
    ("post", "/api/v1/groups/{id}/leave", Id::Group, MEMBERS),
    ("get", "/api/v1/suppressions", Id::None, ""),
    ("post", "/api/v1/suppressions", Id::None, r#"{"numbers":["+32470000000"]}"#),
    ("get", "/api/v1/suppressions/{id}", Id::Suppression, ""),
    ("delete", "/api/v1/suppressions/{id}", Id::Suppression, ""),
    ("get", "/api/v1/keys", Id::None, ""),
    ("post", "/api/v1/keys", Id::None, r#"{"label":"mine"}"#),
    ("get", "/api/v1/keys/{id}", Id::Key, ""),
    ("patch", "/api/v1/keys/{id}", Id::Key, r#"{"label":"mine"}"#),
    ("delete", "/api/v1/keys/{id}", Id::Key, ""),
    ("post", "/api/v1/keys/{id}/rotate", Id::Key, ""),
    ("get", "/api/v1/accounts", Id::None, ""),
    ("post", "/api/v1/accounts", Id::None, r#"{"name":"mine"}"#),
    ("get", "/api/v1/accounts/statistics", Id::None, ""),
    ("get", "/api/v1/accounts/{id}", Id::Account, ""),
    ("patch", "/api/v1/accounts/{id}", Id::Account, r#"{"state":"suspended"}"#),
    ("post", "/api/v1/accounts/{id}/transfers", Id::Account, r#"{"amount":"249.95"}"#),
    ("get", "/api/v1/accounts/{id}/keys", Id::Account, ""),
    ("post", "/api/v1/accounts/{id}/keys", Id::Account, r#"{"label":"mine"}"#),
];

/// A contact of the owner.
const MEMBERS: &str = r#"{"contacts":["con_01m7q5cqg0e0087r0000000007"]}"#;

/// What a product tells of its alerts.
const ALERTS: &str = r#"{"version":"4","groupKey":"g","status":"firing","alerts":[{"status":"firing"}]}"#;

/// Ids of nothing, and what is no id at all.
const UNKNOWN: [&str; 12] = [
    "98",
    "0",
    "-1",
    "+3",
    "03",
    "3.0",
    "9223372036854775808",
    "nonsense",
    "%ff",
    "%00",
    "3%2F..",
    "msg_01kq3v8w2rj5x7n4m6t9p0c1db",
];

/// The owner's webhook and key.
const OWNED: i64 = 3;

fn owned_id(kind: Id) -> String {
    match kind {
        Id::None => String::new(),
        Id::Message => message_id(1).to_string(),
        Id::Webhook | Id::Key => OWNED.to_string(),
        Id::Contact => contact_id().to_string(),
        Id::Group => group_id().to_string(),
        Id::Sender => sender_id().to_string(),
        Id::Pool => pool_id().to_string(),
        Id::Template => template_id().to_string(),
        Id::Signature => signature_id().to_string(),
        Id::Suppression => SUPPRESSED.to_owned(),
        Id::Held => HELD.to_owned(),
        Id::Account => account_id(CHILD),
        Id::Number => "32470000000".to_owned(),
    }
}

/// Texts that only the owner may read.
fn owned() -> Vec<String> {
    let detail = detail();
    vec![
        message_id(1).to_string(),
        message_id(1).0.base32(),
        detail.submission.to_string(),
        "447911123456".to_owned(),
        "order-1".to_owned(),
        "hello".to_owned(),
        "STOP".to_owned(),
        "249.95".to_owned(),
        "\"demo\"".to_owned(),
        "owner.example".to_owned(),
        "ckowner".to_owned(),
        SUPPRESSED.to_owned(),
        HELD.to_owned(),
        CONTACT_NUMBER.to_owned(),
        "OwnersName".to_owned(),
        account_id(OWNER),
        account_id(CHILD),
        "shop".to_owned(),
    ]
}

/// A door over a desk whose owner has a callback address and a key too.
struct Door {
    router: Router,
    desk: Arc<FakeDesk>,
}

impl Door {
    fn new() -> Self {
        let desk = FakeDesk::default();
        desk.webhooks.lock().unwrap().push(Some(webhook(OWNED, "https://owner.example/events")));
        desk.keys.lock().unwrap().push(KeyView {
            id: CredentialId(OWNED),
            name: "ckowner".to_owned(),
            label: String::new(),
            scopes: KeyScopes::ALL,
            ranges: Vec::new(),
            created_at: types::time::Timestamp::EPOCH,
            expires_at: None,
            used_at: None,
            old_secret_until: None,
        });
        let desk = Arc::new(desk);
        Self { router: router_of(&desk), desk }
    }

    /// Asks an operation with an id and somebody's authorization; what the desk was asked before is
    /// forgotten.
    async fn ask(&self, row: &Row, id: &str, authorization: Option<&str>) -> Answer {
        self.ask_for(row, id, authorization, &[]).await
    }

    /// The same for the accounts that are named.
    async fn ask_for(&self, row: &Row, id: &str, authorization: Option<&str>, accounts: &[&str]) -> Answer {
        self.desk.scopes.lock().unwrap().clear();
        self.desk.submissions.lock().unwrap().clear();
        self.desk.onces.lock().unwrap().clear();
        let (method, path, _, body) = *row;
        let mut request = Request::builder()
            .method(method.to_uppercase().as_str())
            .uri(format!("{}{}", path.replace("{id}", id), query_of(operation_of(row))))
            .header("content-type", "application/json");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        for account in accounts {
            request = request.header("chappe-account", *account);
        }
        call(&self.router, request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Whether the desk was asked for nothing.
    fn is_unasked(&self) -> bool {
        self.desk.scopes.lock().unwrap().is_empty()
            && self.desk.submissions.lock().unwrap().is_empty()
            && self.desk.onces.lock().unwrap().is_empty()
    }

    /// Whether whatever was asked for was asked for the stranger.
    fn asked_for_the_stranger(&self) -> bool {
        self.asked_for(STRANGER)
    }

    fn asked_for(&self, account: AccountId) -> bool {
        let scopes = self.desk.scopes.lock().unwrap();
        let submissions = self.desk.submissions.lock().unwrap();
        scopes.iter().all(|scope| *scope == Scope::Account(account))
            && submissions.iter().all(|submission| submission.account == account)
    }
}

/// An answer as it can be compared: without the name of its request.
fn bare(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "x-request-id");
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (answer.status.as_u16(), headers.collect(), answer.text())
}

fn operation_of(row: &Row) -> &'static Operation {
    let is_it = |operation: &&Operation| (operation.method, operation.path) == (row.0, row.1);
    OPERATIONS.iter().find(is_it).unwrap_or_else(|| panic!("{} {} is no operation", row.0, row.1))
}

#[test]
fn the_table_has_every_operation_once() {
    let rows: BTreeSet<_> = ROWS.iter().map(|(method, path, ..)| (*method, *path)).collect();
    let operations: BTreeSet<_> =
        OPERATIONS.iter().map(|operation| (operation.method, operation.path)).collect();
    assert_eq!((rows.len(), OPERATIONS.len()), (ROWS.len(), ROWS.len()));
    assert_eq!(rows, operations, "say in ROWS what a stranger may ask of it");
    for (_, path, id, _) in ROWS {
        assert_eq!(path.contains('{'), *id != Id::None, "{path}");
    }
}

#[tokio::test]
async fn what_belongs_to_another_is_like_what_is_not_there() {
    let door = Door::new();
    let stranger = Some("Bearer stranger.secret");
    for row in ROWS {
        let what = format!("{} {}", row.0, row.1);
        let foreign = door.ask(row, &owned_id(row.2), stranger).await;
        let text = foreign.text();
        for one in owned() {
            assert!(!text.contains(&one), "{what} tells {one}: {text}");
        }
        assert!(door.asked_for_the_stranger(), "{what}");
        if matches!(row.2, Id::None | Id::Number) {
            assert!(foreign.status.is_success(), "{what}: {text}");
            continue;
        }
        assert_eq!(foreign.status, 404, "{what}: {text}");
        for unknown in UNKNOWN {
            for key in ["stranger", "key"] {
                let answer = door.ask(row, unknown, Some(&format!("Bearer {key}.secret"))).await;
                let code = answer.json()["code"].clone();
                assert_eq!(
                    (answer.status.as_u16(), code),
                    (404, "not_found".into()),
                    "{what} {unknown} {key}"
                );
            }
        }
        // Not one octet tells which of the two it was.
        let unknown = match row.2 {
            Id::Message | Id::Contact | Id::Group | Id::Sender | Id::Pool | Id::Template | Id::Signature => {
                message_id(2).0.base32()
            }
            Id::Suppression | Id::Held => "32470000098".to_owned(),
            Id::Account => account_id(AccountId(98)),
            _ => "98".to_owned(),
        };
        assert_eq!(bare(&foreign), bare(&door.ask(row, &unknown, stranger).await), "{what}");
    }
}

/// What belongs to an account is reached from above, and from nowhere else: not by a reseller of another
/// tree, not by a child that reaches for what stands above it, and not by the account itself in this way.
#[tokio::test]
async fn an_account_is_acted_for_from_above_alone() {
    let door = Door::new();
    let (owner, child) = (account_id(OWNER), account_id(CHILD));
    let unknown = account_id(AccountId(98));
    for row in ROWS {
        let what = format!("{} {}", row.0, row.1);
        // From above, the rows of the account below are asked for, and none of one's own.
        let answer = door.ask_for(row, &owned_id(row.2), Some("Bearer key.secret"), &[&child]).await;
        assert!(door.asked_for(CHILD), "{what}");
        let is_own = matches!(row.2, Id::None | Id::Number);
        assert_eq!(answer.status.is_success(), is_own, "{what}: {}", answer.text());
        assert!(!answer.text().contains("owner.example") && !answer.text().contains("ckowner"), "{what}");

        let reaches = [
            ("stranger", child.as_str()),
            ("stranger", &owner),
            ("child", &owner),
            ("child", &child),
            ("key", &owner),
            ("key", "AC0"),
            ("key", "7"),
            ("key", ""),
        ];
        for (key, account) in reaches {
            let authorization = format!("Bearer {key}.secret");
            let foreign = door.ask_for(row, &owned_id(row.2), Some(&authorization), &[account]).await;
            let answer = door.ask_for(row, &owned_id(row.2), Some(&authorization), &[&unknown]).await;
            assert_eq!(foreign.status, 404, "{what} {key} {account}: {}", foreign.text());
            assert_eq!(foreign.json()["field"], "Chappe-Account", "{what} {key}");
            assert_eq!(bare(&foreign), bare(&answer), "{what} {key} {account}");
            assert!(door.is_unasked(), "{what} {key} {account}");
        }
        let twice = door.ask_for(row, &owned_id(row.2), Some("Bearer key.secret"), &[&child, &child]).await;
        assert_eq!(twice.status, 404, "{what}");
        for key in ["send", "read", "manage"] {
            let authorization = format!("Bearer {key}.secret");
            let answer = door.ask_for(row, &owned_id(row.2), Some(&authorization), &[&child]).await;
            assert_eq!(answer.status, 403, "{what} {key}");
            assert!(answer.json()["detail"].as_str().unwrap().contains("`accounts`"), "{what}");
            assert!(door.is_unasked(), "{what} {key}");
        }
    }
}

#[tokio::test]
async fn a_key_opens_what_its_scope_says_and_nothing_else() {
    let door = Door::new();
    for row in ROWS {
        let operation = operation_of(row);
        for scope in KeyScope::ALL {
            let what = format!("{} {} with {scope}", row.0, row.1);
            let answer = door.ask(row, &owned_id(row.2), Some(&format!("Bearer {scope}.secret"))).await;
            if *scope == operation.scope {
                assert!(answer.status.is_success(), "{what}: {}", answer.text());
                continue;
            }
            let code = answer.json()["code"].clone();
            assert_eq!((answer.status.as_u16(), code), (403, "forbidden".into()), "{what}");
            assert!(answer.json()["detail"].as_str().unwrap().contains(operation.scope.as_str()), "{what}");
            assert!(door.is_unasked(), "{what}");
        }
    }
}

#[tokio::test]
async fn nobody_is_let_in_without_a_key_that_is_right() {
    let door = Door::new();
    let wrong = [
        None,
        Some("Bearer key.wrong"),
        Some("Basic a2V5Ondyb25n"),
        Some("Bearer unknown.secret"),
        Some("?"),
    ];
    for row in ROWS {
        for authorization in wrong {
            let answer = door.ask(row, &owned_id(row.2), authorization).await;
            assert_eq!(answer.status, 401, "{} {} {authorization:?}", row.0, row.1);
            assert_eq!(answer.json()["code"], "invalid_credentials");
            assert!(answer.header("www-authenticate").unwrap().contains("Basic"));
            assert!(answer.header("ratelimit").is_none(), "nobody's rate is told to strangers");
            assert!(door.is_unasked());
        }
    }
}

#[tokio::test]
async fn no_address_of_a_dialect_shows_a_stranger_anything() {
    let door = Door::new();
    let id = message_id(1).0.base32();
    let query = format!(
        "secret=secret&messageid={id}&from=A&to=32470000000&text=x&countryCode=32&nationalNumber=470000000"
    );
    let get = |path: &str, key: &str| {
        let request = Request::get(format!("{path}?key={key}&{query}")).body(Body::empty()).unwrap();
        let router = &door.router;
        async move { call(router, request).await }
    };
    let mut asked = 0;
    // What reads its credentials elsewhere tries its own addresses, beside its code.
    for (name, path) in dialect::paths_with(&["key", "secret"]) {
        for path in [path.clone(), format!("/dialect/{name}{path}")] {
            door.desk.scopes.lock().unwrap().clear();
            door.desk.submissions.lock().unwrap().clear();
            let answer = get(&path, "stranger").await;
            assert_eq!(answer.status, 200, "{path}");
            // A submission of the stranger's own is answered with the first id of the fake.
            let own = if path.ends_with("/json") { id.as_str() } else { "" };
            let text = answer.text();
            assert!(!owned().iter().any(|one| text.replace(own, "").contains(one)), "{path}: {text}");
            assert!(door.asked_for_the_stranger(), "{path}");
            asked += 1;

            // A key opens here what it opens elsewhere.
            for scope in KeyScope::ALL {
                let text = get(&path, scope.as_str()).await.text();
                let needed = if path.ends_with("/json") { KeyScope::Send } else { KeyScope::Read };
                let refused = text.contains("\"status\":\"5\"");
                assert_eq!(refused, *scope != needed, "{path} {scope}: {text}");
            }
        }
    }
    assert!(asked >= 32, "{asked}");
}
