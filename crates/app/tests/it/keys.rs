//! API keys: what they open, from where, until when; rotating and revoking them, and who may.

use std::net::IpAddr;

use app::submission::{Idempotency, KeyAccess};
use app::{KeyPatch, KeyWish, ShownKey};
use types::access::{AddressRange, KeyScope, KeyScopes};
use types::refusal::{Refusal, RefusalCode};

use crate::house::{House, new_account, route};

const HOUR_MS: i64 = 3_600_000;

const READ: KeyScopes = KeyScopes::NONE.with(KeyScope::Read);

async fn make(house: &House, wish: KeyWish) -> ShownKey {
    house.core.make_key(house.account().id, wish, KeyScopes::ALL, None).await.unwrap().value
}

fn open(house: &House, name: &str, secret: &str, from: Option<&str>) -> Result<KeyAccess, Refusal> {
    let from: Option<IpAddr> = from.map(|text| text.parse().unwrap());
    house.core.authenticate_key(name, secret, from)
}

fn code(outcome: Result<KeyAccess, Refusal>) -> Option<RefusalCode> {
    outcome.err().map(|refusal| refusal.code)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_it_may_from_where_it_may_until_it_ends() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let ranges = vec![AddressRange::parse("192.0.2.0/24").unwrap()];
    let expires_at = Some(house.core.now().plus_ms(HOUR_MS));
    let wish = KeyWish { label: "shop".to_owned(), scopes: READ, ranges, expires_at };
    let ShownKey { key, secret } = make(&house, wish).await;
    let house = house.restart().await;
    let (name, secret) = (key.name.as_str(), secret.expose().as_str());
    let access = open(&house, name, secret, Some("192.0.2.9")).unwrap();
    assert_eq!((access.caller.account, access.scopes), (account, READ));
    for from in [None, Some("192.0.3.1"), Some("2001:db8::1")] {
        assert_eq!(code(open(&house, name, secret, from)), Some(RefusalCode::Forbidden), "{from:?}");
    }
    for (name, secret) in [(name, "wrong"), (name, ""), ("ckunknown", secret), ("", "")] {
        assert_eq!(
            code(open(&house, name, secret, Some("192.0.2.9"))),
            Some(RefusalCode::InvalidCredentials)
        );
    }
    house.advance(HOUR_MS).await;
    assert_eq!(code(open(&house, name, secret, Some("192.0.2.9"))), Some(RefusalCode::InvalidCredentials));
    let longer = KeyPatch { expires_at: Some(None), ranges: Some(Vec::new()), ..KeyPatch::default() };
    let changed = house.core.change_key(account, key.id, longer, KeyScopes::ALL).await.unwrap();
    assert_eq!((changed.label.as_str(), changed.expires_at, changed.scopes), ("shop", None, READ));
    assert!(open(&house, name, secret, None).is_ok());
    house.core.revoke_key(account, key.id).await.unwrap();
    assert_eq!(code(open(&house, name, secret, None)), Some(RefusalCode::InvalidCredentials));
    let house = house.restart().await;
    assert_eq!(code(open(&house, name, secret, None)), Some(RefusalCode::InvalidCredentials));
    assert_eq!(house.core.key(account, key.id), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_replaced_without_a_gap() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let old = make(&house, KeyWish::default()).await;
    let once = || Some(Idempotency { key: "k".to_owned(), fingerprint: [1; 32] });
    let rotate = || house.core.rotate_key(account, old.key.id, HOUR_MS, KeyScopes::ALL, once());
    let (new, again) = (rotate().await.unwrap(), rotate().await.unwrap());
    assert!(!new.replayed && again.replayed);
    assert_eq!(new.value, again.value);
    let new = new.value;
    assert_eq!((new.key.id, &new.key.name), (old.key.id, &old.key.name));
    assert_ne!(new.secret, old.secret);
    let name = old.key.name.as_str();
    let house = house.restart().await;
    assert!(open(&house, name, new.secret.expose(), None).is_ok());
    assert!(open(&house, name, old.secret.expose(), None).is_ok());
    assert!(house.core.key(account, old.key.id).unwrap().old_secret_until.is_some());
    house.advance(HOUR_MS).await;
    assert!(open(&house, name, new.secret.expose(), None).is_ok());
    assert_eq!(code(open(&house, name, old.secret.expose(), None)), Some(RefusalCode::InvalidCredentials));
}

#[tokio::test(flavor = "multi_thread")]
async fn use_is_noted_once_an_hour_and_kept() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let ShownKey { key, secret } = make(&house, KeyWish::default()).await;
    assert_eq!(house.core.key(account, key.id).unwrap().used_at, None);
    let first = house.core.now();
    let used = |house: &House| house.core.key(account, key.id).unwrap().used_at;
    for (later_ms, expected) in [(0, first), (HOUR_MS - 1, first), (1, first.plus_ms(HOUR_MS))] {
        house.advance(later_ms).await;
        open(&house, &key.name, secret.expose(), None).unwrap();
        assert_eq!(used(&house), Some(expected));
    }
    house.settle().await;
    // Other changes leave it as it is.
    let patch = KeyPatch { label: Some("named".to_owned()), ..KeyPatch::default() };
    house.core.change_key(account, key.id, patch, KeyScopes::ALL).await.unwrap();
    let house = house.restart().await;
    assert_eq!(used(&house), Some(first.plus_ms(HOUR_MS)));
    assert_eq!(house.core.key(account, key.id).unwrap().label, "named");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_once_do_not_undo_each_other() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let key = make(&house, KeyWish::default()).await.key;
    let less = KeyPatch { scopes: Some(KeyScopes::NONE.with(KeyScope::Read)), ..KeyPatch::default() };
    let named = KeyPatch { label: Some("named".to_owned()), ..KeyPatch::default() };
    // Both are asked for before either is on disk.
    let (less, named) = tokio::join!(
        house.core.change_key(account, key.id, less, KeyScopes::ALL),
        house.core.change_key(account, key.id, named, KeyScopes::ALL),
    );
    less.and(named).unwrap();
    let key = house.core.key(account, key.id).unwrap();
    assert_eq!((key.label.as_str(), key.scopes), ("named", KeyScopes::NONE.with(KeyScope::Read)));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_makes_itself_mightier_and_strangers_reach_none() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let manage = KeyScopes::NONE.with(KeyScope::Manage);
    let mighty = make(&house, KeyWish::default()).await.key;
    let small =
        house.core.make_key(account, KeyWish { scopes: manage, ..KeyWish::default() }, manage, None).await;
    let small = small.unwrap().value.key;
    let all = KeyPatch { scopes: Some(KeyScopes::ALL), ..KeyPatch::default() };
    let refused = [
        house.core.make_key(account, KeyWish::default(), manage, None).await.unwrap_err(),
        house.core.change_key(account, small.id, all, manage).await.unwrap_err(),
        house.core.change_key(account, mighty.id, KeyPatch::default(), manage).await.unwrap_err(),
        house.core.rotate_key(account, mighty.id, 0, manage, None).await.unwrap_err(),
    ];
    assert!(refused.iter().all(|refusal| refusal.code == RefusalCode::Forbidden), "{refused:?}");
    let other = house.core.create_account(new_account("other", Default::default())).await.unwrap().id;
    let login = house.core.create_bind(account, None).await.unwrap();
    assert_eq!(house.core.keys(other), []);
    let names: Vec<_> = house.core.keys(account).into_iter().map(|key| key.name).collect();
    assert!(names.contains(&mighty.name) && !names.contains(&login.name), "SMPP logins are no keys");
    let foreign = [
        house.core.change_key(other, mighty.id, KeyPatch::default(), KeyScopes::ALL).await.unwrap_err(),
        house.core.rotate_key(other, mighty.id, 0, KeyScopes::ALL, None).await.unwrap_err(),
        house.core.revoke_key(other, mighty.id).await.unwrap_err(),
    ];
    let unknown = house.core.revoke_key(account, types::id::CredentialId(99)).await.unwrap_err();
    assert!(foreign.iter().all(|refusal| *refusal == unknown), "{foreign:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_key_is_refused_at_its_field() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let plain = KeyWish::default;
    let range = AddressRange::parse("10.0.0.0/8").unwrap();
    let cases = [
        (KeyWish { label: "x".repeat(101), ..plain() }, "label"),
        (KeyWish { label: "a\u{0}b".to_owned(), ..plain() }, "label"),
        (KeyWish { scopes: KeyScopes::NONE, ..plain() }, "scopes"),
        (KeyWish { ranges: vec![range; 51], ..plain() }, "addresses"),
    ];
    for (wish, field) in cases {
        let refusal = house.core.make_key(account, wish, KeyScopes::ALL, None).await.unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (RefusalCode::InvalidRequest, Some(field)));
    }
    let over = KeyWish { expires_at: Some(house.core.now()), ..plain() };
    let refusal = house.core.make_key(account, over, KeyScopes::ALL, None).await.unwrap_err();
    assert_eq!((refusal.code, refusal.field.as_deref()), (RefusalCode::ExpiredValidity, Some("expires_at")));
    let had = house.core.keys(account).len();
    for _ in had..100 {
        make(&house, plain()).await;
    }
    let one_more = house.core.make_key(account, plain(), KeyScopes::ALL, None).await.unwrap_err();
    assert!(one_more.detail.contains("100 API keys"), "{one_more}");
}
