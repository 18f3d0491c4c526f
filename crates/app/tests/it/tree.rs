//! Accounts below an account: made, limited, suspended, closed, and given value, by those above them alone.

use app::submission::{Idempotency, SubmitOutcome};
use app::{AccountPatch, AccountView, AccountWish, Direction, KeyWish, LimitsPatch, TreeQuery};
use types::access::KeyScopes;
use types::account::AccountState;
use types::address::Address;
use types::id::{AccountId, PublicId};
use types::money::Money;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use crate::house::{House, new_account, route};

fn eur(text: &str) -> Money {
    Money::parse(&format!("{text} EUR")).unwrap()
}

fn rate(rate: u32) -> LimitsPatch {
    LimitsPatch { rate_per_second: Some(rate), ..LimitsPatch::default() }
}

async fn made(house: &House, root: AccountId, name: &str) -> AccountView {
    let wish = AccountWish { name: name.to_owned(), limits: LimitsPatch::default() };
    house.core.make_account_below(root, wish, None).await.unwrap().value
}

fn code<T>(outcome: Result<T, Refusal>) -> Option<RefusalCode> {
    outcome.err().map(|refusal| refusal.code)
}

async fn try_send(house: &House, account: AccountId, number: &str) -> SubmitOutcome {
    let draft = types::message::Draft { destination: Address::from_text(number), ..house.draft("hello") };
    house.submit_as(account, vec![draft]).await
}

fn available(house: &House, account: AccountId) -> String {
    house.core.balance(account).unwrap().available.decimal()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reseller_reaches_its_own_tree_and_nothing_else() {
    let house = House::new(route(&["a"])).await;
    let acme = house.account().id;
    let other = house.core.create_account(new_account("other", Default::default())).await.unwrap();
    let shop = made(&house, acme, "shop").await;
    let till = made(&house, shop.account.id, " till ").await;
    let foreign = made(&house, other.id, "shop").await;
    assert_eq!((shop.account.name.as_str(), shop.name.as_str()), ("acme/shop", "shop"));
    assert_eq!((till.account.name.as_str(), till.name.as_str()), ("acme/shop/till", "till"));
    assert_eq!((till.parent, shop.account.unit), (Some(shop.account.sid), house.account().unit));
    let house = house.restart().await;
    let names = |root| -> Vec<String> {
        house.core.accounts_below(root, None, 9).into_iter().map(|view| view.name).collect()
    };
    assert_eq!(names(acme), ["shop", "till"]);
    assert_eq!(names(shop.account.id), ["till"]);
    assert!(names(till.account.id).is_empty());
    assert_eq!(house.core.accounts_below(acme, Some(shop.account.id), 9).len(), 1);
    assert_eq!(
        (house.core.own_name(till.account.id), house.core.own_name(acme)),
        ("till".into(), "acme".into())
    );

    // Somebody of another tree, of the account itself, and of below it.
    let acme_sid = house.account().sid;
    let out_of_reach: [(AccountId, PublicId); 6] = [
        (other.id, shop.account.sid),
        (acme, foreign.account.sid),
        (acme, acme_sid),
        (shop.account.id, acme_sid),
        (till.account.id, shop.account.sid),
        (acme, other.sid),
    ];
    let unknown =
        house.core.change_account_below(acme, PublicId::new(Default::default(), 1), AccountPatch::default());
    let unknown = unknown.await.unwrap_err();
    assert_eq!(unknown.code, RefusalCode::NotFound);
    for (root, sid) in out_of_reach {
        assert!(house.core.account_below(root, sid).is_none(), "{root:?} {sid:?}");
        let closed = AccountPatch { state: Some(AccountState::Closed), ..AccountPatch::default() };
        assert_eq!(house.core.change_account_below(root, sid, closed).await.unwrap_err(), unknown);
        let moved = house.core.transfer(root, sid, Direction::FromAccount, eur("0.01"), None).await;
        assert_eq!(moved.unwrap_err(), unknown);
    }
    assert!(house.core.accounts().iter().all(|account| account.state == AccountState::Active));

    // A name that is taken in another tree is free in this one; a path stands in nobody's name.
    for (name, is_taken) in [("shop", true), ("", false), ("a/b", false), ("a\u{7}", false)] {
        let wish = AccountWish { name: name.to_owned(), limits: LimitsPatch::default() };
        let refused = house.core.make_account_below(acme, wish, None).await.unwrap_err();
        let code = if is_taken { RefusalCode::Conflict } else { RefusalCode::InvalidRequest };
        assert_eq!((refused.code, refused.field.as_deref()), (code, Some("name")), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_once_under_a_key() {
    let house = House::new(route(&["a"])).await;
    let acme = house.account().id;
    let ask = |print: u8| {
        let once = Idempotency { key: "k".to_owned(), fingerprint: [print; 32] };
        let wish = AccountWish { name: "shop".to_owned(), limits: rate(5) };
        house.core.make_account_below(acme, wish, Some(once))
    };
    let (first, again) = (ask(1).await.unwrap(), ask(1).await.unwrap());
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.value.account, again.value.account);
    assert_eq!(first.value.account.limits.rate_per_second, 5);
    assert_eq!(code(ask(2).await), Some(RefusalCode::IdempotencyMismatch));
}

#[tokio::test(flavor = "multi_thread")]
async fn value_moves_between_accounts_and_the_ledger_balances() {
    let house = House::new(route(&["a"])).await;
    let acme = house.account().id;
    let shop = made(&house, acme, "shop").await.account;
    house.core.top_up(acme, eur("5.00"), "second").await.unwrap();
    let give = |amount: &str, key: &str| {
        let once = Idempotency { key: key.to_owned(), fingerprint: [1; 32] };
        house.core.transfer(acme, shop.sid, Direction::ToAccount, eur(amount), Some(once))
    };
    assert!(!give("12.00", "a").await.unwrap().replayed);
    let again = give("12.00", "a").await.unwrap();
    assert!(again.replayed && again.value.balance.available == eur("12.00"));
    assert_eq!((available(&house, acme), available(&house, shop.id)), ("3.00".into(), "12.00".into()));
    assert_eq!(code(give("3.01", "b").await), Some(RefusalCode::InsufficientBalance));
    let back = house.core.transfer(acme, shop.sid, Direction::FromAccount, eur("2.00"), None).await.unwrap();
    assert_eq!(back.value.balance.available, eur("10.00"));
    for amount in [Money::new(0, shop.unit), Money::new(-1, shop.unit), Money::parse("1 SMS").unwrap()] {
        let refused =
            house.core.transfer(acme, shop.sid, Direction::ToAccount, amount, None).await.unwrap_err();
        assert_eq!((refused.code, refused.field.as_deref()), (RefusalCode::InvalidRequest, Some("amount")));
    }
    let house = house.restart().await;
    assert_eq!((available(&house, acme), available(&house, shop.id)), ("5.00".into(), "10.00".into()));
    assert_eq!(house.core.store_figures().await.unwrap().imbalance_micros, 0);
    let kinds = |movements: Vec<app::detail::Movement>| -> Vec<String> {
        movements.iter().map(|one| format!("{} {}", one.kind, one.amount.decimal())).collect()
    };
    let of_shop = kinds(house.core.movements(shop.id, 9).await.unwrap());
    assert_eq!(of_shop, ["transfer_out -2.00", "transfer_in 12.00"]);
    let of_acme = kinds(house.core.movements(acme, 9).await.unwrap());
    assert_eq!(of_acme[..3], ["transfer_in 2.00", "transfer_out -2.00", "transfer_out -10.00"]);

    // What was given is spent by who got it, at its own price.
    let taken = try_send(&house, shop.id, "+447700900001").await;
    assert!(taken.is_ok(), "{taken:?}");
    assert_eq!(available(&house, shop.id), "9.95");
    let query = TreeQuery { since: Timestamp::EPOCH, until: Timestamp::NEVER, after: None, limit: 9 };
    let page = house.core.tree_figures(acme, query).await.unwrap();
    let lines: Vec<_> =
        page.items.iter().map(|one| (one.view.name.as_str(), one.messages, one.amount)).collect();
    assert_eq!(lines, [("acme", 0, eur("0")), ("shop", 1, eur("0.05"))]);
    let first = house.core.tree_figures(acme, TreeQuery { limit: 1, ..query }).await.unwrap();
    let next = first.next.map(|key| AccountId(key.as_i64()));
    assert_eq!(next, Some(acme));
    let second = house.core.tree_figures(acme, TreeQuery { after: next, ..query }).await.unwrap();
    assert_eq!((second.items.len(), second.items[0].view.account.id, second.next), (1, shop.id, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stops_an_account_stops_all_below_it() {
    let house = House::new(route(&["a"])).await;
    let acme = house.account().id;
    let shop = made(&house, acme, "shop").await.account;
    let till = made(&house, shop.id, "till").await.account;
    for account in [shop.id, till.id] {
        house.core.top_up(account, eur("1.00"), "test").await.unwrap();
    }
    let set = |sid, state| {
        let patch = AccountPatch { state: Some(state), ..AccountPatch::default() };
        house.core.change_account_below(acme, sid, patch)
    };
    assert!(try_send(&house, till.id, "+447700900001").await.is_ok());
    set(shop.sid, AccountState::Suspended).await.unwrap();
    for account in [shop.id, till.id] {
        let refused = try_send(&house, account, "+447700900002").await;
        assert_eq!(refused.unwrap_err().first().unwrap().code, RefusalCode::AccountSuspended);
    }
    let seen = house.core.account_below(acme, till.sid).unwrap();
    assert_eq!((seen.account.state, seen.acts_as), (AccountState::Active, AccountState::Suspended));
    let wish = AccountWish { name: "new".to_owned(), limits: LimitsPatch::default() };
    let refused = house.core.make_account_below(till.id, wish, None).await;
    assert_eq!(code(refused), Some(RefusalCode::AccountSuspended));
    assert!(try_send(&house, acme, "+447700900001").await.is_ok());
    set(shop.sid, AccountState::Active).await.unwrap();
    assert!(try_send(&house, till.id, "+447700900003").await.is_ok());

    let key = house.core.make_key(till.id, KeyWish::default(), KeyScopes::USUAL, None).await.unwrap().value;
    let opens = || house.core.authenticate_key(&key.key.name, key.secret.expose(), None);
    assert!(opens().is_ok());
    set(till.sid, AccountState::Closed).await.unwrap();
    assert_eq!(code(opens()), Some(RefusalCode::InvalidCredentials));
    let refused = set(till.sid, AccountState::Active).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (RefusalCode::Conflict, Some("state")));
    // What is left there goes back to whom it came from.
    let left = house.core.transfer(acme, till.sid, Direction::FromAccount, eur("0.90"), None).await.unwrap();
    assert_eq!(left.value.balance.available, eur("0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_account_may_do_more_than_those_above_it() {
    let house = House::new(route(&["a"])).await;
    let acme = house.account().id;
    let limits = types::account::AccountLimits { rate_per_second: 2, ..Default::default() };
    house.core.set_limits(acme, limits).await.unwrap();
    let one = made(&house, acme, "one").await.account;
    let two = made(&house, acme, "two").await.account;
    assert_eq!(one.limits, limits, "as the account above");
    for patch in [rate(3), rate(0), LimitsPatch { binds: Some(11), ..LimitsPatch::default() }] {
        let patch = AccountPatch { limits: patch, ..AccountPatch::default() };
        let refused = house.core.change_account_below(acme, one.sid, patch).await.unwrap_err();
        assert_eq!(refused.code, RefusalCode::InvalidRequest);
        assert!(refused.field.unwrap().starts_with("limits."));
    }
    let less = AccountPatch { limits: rate(1), ..AccountPatch::default() };
    let set = house.core.change_account_below(acme, one.sid, less).await.unwrap();
    assert_eq!(set.account.limits.rate_per_second, 1);
    for account in [one.id, two.id] {
        house.core.top_up(account, eur("1.00"), "test").await.unwrap();
    }
    // Each bucket holds two seconds: both together send no more than the account above them may.
    let mut taken = 0;
    for number in 0..3 {
        for account in [one.id, two.id] {
            let outcome = try_send(&house, account, &format!("+44770090001{number}")).await;
            taken += u32::from(outcome.is_ok());
        }
    }
    assert_eq!(taken, 4);
}
