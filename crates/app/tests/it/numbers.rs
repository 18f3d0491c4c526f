//! Inbound numbers: what a phone writes goes to the account that holds the number, along the number's route.

use app::Scope;
use ports::channel::ChannelEvent;
use ports::clock::Clock;
use types::account::{AccountLimits, EndpointKind};
use types::address::{Address, Msisdn};
use types::id::AccountId;
use types::inbound::{InboundNumber, NumberRoute};
use types::message::OctetContent;
use types::receipt::InboundNotice;
use types::refusal::RefusalCode;

use crate::house::{House, new_account, route};

const PHONE: &str = "447400123456";
const LONG: &str = "447400999000";
const CODE: &str = "88811";

fn number(digits: &str) -> InboundNumber {
    InboundNumber::parse(digits).unwrap()
}

async fn phone_writes(house: &House, to: &str, text: &str) {
    let event = ChannelEvent::Inbound(InboundNotice {
        source: Address::from_text(PHONE),
        destination: Address::from_text(to),
        content: OctetContent { payload: text.as_bytes().to_vec(), ..OctetContent::default() },
        read_at: house.clock.now(),
    });
    house.tell_at_once("a", vec![event]).await;
    house.settle().await;
}

/// How many messages of phones an account has.
async fn heard(house: &House, account: AccountId) -> usize {
    house.core.inbound(Scope::Account(account), None, 100).await.unwrap().items.len()
}

async fn second(house: &House) -> AccountId {
    house.core.create_account(new_account("second", AccountLimits::default())).await.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_for_the_account_that_holds_the_number() {
    let house = House::new(route(&["a"])).await;
    let (first, second) = (house.account().id, second(&house).await);
    let imported = vec![(number(LONG), Some(second)), (number(CODE), None)];
    assert_eq!(house.core.import_numbers(imported.clone()).await.unwrap(), 2);
    assert_eq!(house.core.import_numbers(imported).await.unwrap(), 0, "nothing is new");
    // The first account has written to the phone last, from whatever sender.
    house.send("hello").await;
    phone_writes(&house, "+447400999000", "for the holder").await;
    assert_eq!((heard(&house, first).await, heard(&house, second).await), (0, 1));
    // A number that nobody holds, and one that is not in the inventory, lead to who wrote last.
    phone_writes(&house, CODE, "for who wrote").await;
    phone_writes(&house, "447400999001", "for who wrote").await;
    assert_eq!((heard(&house, first).await, heard(&house, second).await), (2, 1));
    // STOP is meant for the holder too.
    phone_writes(&house, LONG, "STOP").await;
    let phone = Msisdn::parse(PHONE).unwrap();
    assert!(house.core.suppression(second, phone).await.unwrap().is_some());
    assert_eq!(house.core.suppression(first, phone).await.unwrap(), None);

    let house = house.restart().await;
    house.core.assign_number(number(CODE), second).await.unwrap();
    phone_writes(&house, CODE, "for the holder").await;
    assert_eq!((heard(&house, first).await, heard(&house, second).await), (2, 3));
    house.core.release_number(number(LONG)).await.unwrap();
    phone_writes(&house, LONG, "for who wrote").await;
    assert_eq!((heard(&house, first).await, heard(&house, second).await), (3, 3));
    let held: Vec<_> = house.core.inbound_numbers(Scope::Account(second), None, 9);
    assert_eq!(held.iter().map(|view| view.number).collect::<Vec<_>>(), [number(CODE)]);
    let all = house.core.inbound_numbers(Scope::All, Some(number(CODE)), 9);
    assert_eq!(
        all.iter().map(|view| (view.number, view.account.clone())).collect::<Vec<_>>(),
        [(number(LONG), None)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_change_hands_only_when_they_are_free_and_all_at_once() {
    let house = House::new(route(&["a"])).await;
    let (first, second) = (house.account().id, second(&house).await);
    house.core.import_numbers(vec![(number(LONG), Some(first))]).await.unwrap();
    let taken = vec![(number(CODE), None), (number(LONG), Some(second))];
    let refused = house.core.import_numbers(taken).await.unwrap_err();
    assert_eq!((refused.code, refused.field.as_deref()), (RefusalCode::Conflict, Some("numbers[1]")));
    assert_eq!(house.core.inbound_numbers(Scope::All, None, 9).len(), 1, "all or none");
    let refused = house.core.assign_number(number(LONG), second).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::Conflict);
    house.core.assign_number(number(LONG), first).await.unwrap();
    for unknown in [
        house.core.assign_number(number(CODE), first).await,
        house.core.release_number(number(CODE)).await,
        house.core.import_numbers(vec![(number(CODE), Some(AccountId(99)))]).await.map(drop),
        house.core.route_number(second, number(LONG), NumberRoute::Binds, None).await.map(drop),
    ] {
        assert_eq!(unknown.unwrap_err().code, RefusalCode::NotFound);
    }
    assert_eq!(house.core.import_numbers(Vec::new()).await.unwrap_err().code, RefusalCode::InvalidRequest);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_number_has_a_route_of_its_own() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let usual = "https://usual.example/";
    house.core.set_default_webhook(account, EndpointKind::Webhook, Some(usual)).await.unwrap();
    let url = "https://number.example/";
    let own = house.core.webhook_endpoint(account, EndpointKind::Webhook, url).await.unwrap();
    house.core.import_numbers(vec![(number(LONG), Some(account))]).await.unwrap();
    let taken = |host: &str| {
        let taken = house.courier.taken.lock().unwrap();
        taken.iter().filter(|call| call.url.contains(host)).count()
    };
    let to = async |route, endpoint| house.core.route_number(account, number(LONG), route, endpoint).await;

    phone_writes(&house, LONG, "hello").await;
    house.until(|| taken("usual.example") == 1).await;
    to(NumberRoute::Webhook, Some(own)).await.unwrap();
    phone_writes(&house, LONG, "hello").await;
    house.until(|| taken("number.example") == 1).await;
    // Without a bind it waits for one; with keywords alone nobody is told.
    to(NumberRoute::Binds, None).await.unwrap();
    phone_writes(&house, LONG, "hello").await;
    house.until_figures(|figures| figures.outbox == 1).await;
    to(NumberRoute::Keywords, None).await.unwrap();
    phone_writes(&house, LONG, "STOP").await;
    let phone = Msisdn::parse(PHONE).unwrap();
    assert!(house.core.suppression(account, phone).await.unwrap().is_some());
    assert_eq!(house.core.store_figures().await.unwrap().store.outbox, 1);
    // An address that was taken away leads where the account hears of everything else.
    let view = to(NumberRoute::Webhook, Some(own)).await.unwrap();
    assert_eq!((view.route, view.endpoint), (NumberRoute::Webhook, Some(own)));
    house.core.remove_webhook(account, own).await.unwrap();
    phone_writes(&house, LONG, "hello").await;
    house.until(|| taken("usual.example") == 2).await;
    assert_eq!(taken("number.example"), 1);
    assert_eq!(heard(&house, account).await, 5);
    for (route, endpoint) in
        [(NumberRoute::Webhook, None), (NumberRoute::Webhook, Some(own)), (NumberRoute::Account, Some(own))]
    {
        let refused = to(route, endpoint).await.unwrap_err();
        let field = (refused.code, refused.field.as_deref());
        assert_eq!(field, (RefusalCode::InvalidRequest, Some("webhook")), "{route}");
    }
}
