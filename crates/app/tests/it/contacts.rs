//! Contacts and groups: each account has its own, by number, and a message to a group is for whom it has now.

use std::collections::BTreeMap;

use app::submission::Idempotency;
use app::{
    ContactPatch, ContactQuery, ContactView, GroupPatch, Imported, Membership, SuppressionWish, read_contacts,
};
use types::account::AccountLimits;
use types::address::Msisdn;
use types::contact::Contact;
use types::id::{AccountId, GroupId};
use types::refusal::{Refusal, RefusalCode};
use types::suppression::SuppressionReason;

use crate::house::{House, new_account, route};

const ADA: &str = "447400123456";
const BOB: &str = "447400123457";

fn number(digits: &str) -> Msisdn {
    Msisdn::parse(digits).unwrap()
}

fn contact(digits: &str, name: &str) -> Contact {
    Contact { name: name.to_owned().into(), ..Contact::of(number(digits)) }
}

fn once(key: &str, print: u8) -> Option<Idempotency> {
    Some(Idempotency { key: key.to_owned(), fingerprint: [print; 32] })
}

fn at<T: std::fmt::Debug>(outcome: Result<T, Refusal>) -> (RefusalCode, Option<String>) {
    let refusal = outcome.unwrap_err();
    (refusal.code, refusal.field)
}

async fn all(house: &House, account: AccountId, query: ContactQuery) -> Vec<ContactView> {
    house.core.contacts(account, ContactQuery { limit: 100, ..query }).await.unwrap().items
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_kept_by_number_for_each_account_and_over_restarts() {
    let house = House::new(route(&["a"])).await;
    let (core, account) = (house.core.clone(), house.account().id);
    let other = core.create_account(new_account("other", AccountLimits::default())).await.unwrap().id;
    let made = core.make_contact(account, contact(ADA, "Ada"), &[], once("k", 1)).await.unwrap();
    let again = core.make_contact(account, contact(ADA, "Ada"), &[], once("k", 1)).await.unwrap();
    assert_eq!((made.replayed, again.replayed, &made.value), (false, true, &again.value));
    let twin = core.make_contact(account, contact(ADA, "Twin"), &[], None).await;
    assert_eq!(at(twin), (RefusalCode::Conflict, Some("number".to_owned())));
    let theirs = core.make_contact(other, contact(ADA, "Their Ada"), &[], None).await.unwrap().value;
    let id = made.value.id;
    assert_eq!(core.contact(other, id).await.unwrap(), None, "it is another's");
    assert_eq!(at(core.remove_contact(other, id).await).0, RefusalCode::NotFound);
    assert_eq!(at(core.change_contact(other, id, ContactPatch::default()).await).0, RefusalCode::NotFound);

    let patch = ContactPatch {
        number: Some(number(BOB)),
        time_zone: Some("Europe/London".to_owned()),
        attributes: Some(BTreeMap::from([("city".to_owned(), "Gent".to_owned())]).into()),
        ..ContactPatch::default()
    };
    let changed = core.change_contact(account, id, patch).await.unwrap();
    assert_eq!((changed.contact.number, changed.contact.name.expose().as_str()), (number(BOB), "Ada"));
    let wrong = ContactPatch { language: Some("English".to_owned()), ..ContactPatch::default() };
    assert_eq!(at(core.change_contact(account, id, wrong).await).1.as_deref(), Some("language"));
    core.make_contact(account, contact(ADA, "Another"), &[], None).await.unwrap();
    let onto = ContactPatch { number: Some(number(ADA)), ..ContactPatch::default() };
    assert_eq!(at(core.change_contact(account, id, onto).await).1.as_deref(), Some("number"));

    drop(core);
    let house = house.restart().await;
    let found =
        all(&house, account, ContactQuery { number: Some(number(BOB)), ..ContactQuery::default() }).await;
    assert_eq!(found, [changed]);
    assert_eq!(all(&house, other, ContactQuery::default()).await, [theirs]);
    house.core.remove_contact(account, id).await.unwrap();
    assert_eq!(house.core.contact(account, id).await.unwrap(), None);
    assert_eq!(all(&house, account, ContactQuery::default()).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_imported_whole_and_says_more_of_those_who_are_known() {
    let house = House::new(route(&["a"])).await;
    let (core, account) = (house.core.clone(), house.account().id);
    core.make_contact(account, contact(ADA, "Ada"), &[], None).await.unwrap();
    let group = core.make_group(account, "all".to_owned(), String::new(), None).await.unwrap().value.id;
    let table = format!("number,name,language,city\n{ADA},,en,London\n{BOB},Bob,,\n{BOB},,,Gent\n");
    let import = |once| core.import_contacts(account, read_contacts(&table).unwrap(), Some(group), once);
    let done = import(once("i", 1)).await.unwrap();
    assert_eq!((done.value, done.replayed), (Imported { made: 1, changed: 1 }, false));
    let again = import(once("i", 1)).await.unwrap();
    assert_eq!((again.value, again.replayed), (Imported { made: 1, changed: 1 }, true));
    assert_eq!(import(None).await.unwrap().value, Imported { made: 0, changed: 0 }, "nothing is new");
    let english = ContactQuery { language: Some("en".to_owned()), ..ContactQuery::default() };
    let ada = all(&house, account, english).await.pop().unwrap().contact;
    assert_eq!((ada.name.expose().as_str(), ada.attributes.expose()["city"].as_str()), ("Ada", "London"));
    let bob = ContactQuery { number: Some(number(BOB)), ..ContactQuery::default() };
    let bob = all(&house, account, bob).await.pop().unwrap();
    assert_eq!((bob.contact.name.expose().as_str(), bob.groups.as_slice()), ("Bob", [group].as_slice()));
    assert_eq!(bob.contact.attributes.expose()["city"], "Gent", "the later line says more");
    assert_eq!(core.group(account, group).await.unwrap().unwrap().contacts, 2);

    let wrong = vec![contact(ADA, "x"), Contact { language: "?".to_owned(), ..contact(BOB, "y") }];
    let refused = core.import_contacts(account, wrong, None, None).await;
    assert_eq!(at(refused).1.as_deref(), Some("contacts[1].language"));
    let unknown = GroupId::new(group.key(), 5);
    let refused = core.import_contacts(account, vec![contact(ADA, "x")], Some(unknown), None).await;
    assert_eq!(at(refused), (RefusalCode::NotFound, Some("group".to_owned())));
    let many = vec![contact(ADA, "x"); app::CONTACTS_AT_ONCE_MAX + 1];
    assert_eq!(at(core.import_contacts(account, many, None, None).await).1.as_deref(), Some("contacts"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_for_whom_it_has_but_for_those_who_opted_out() {
    let house = House::new(route(&["a"])).await;
    let (core, account) = (house.core.clone(), house.account().id);
    let other = core.create_account(new_account("other", AccountLimits::default())).await.unwrap().id;
    let group = core.make_group(account, "all".to_owned(), String::new(), once("g", 1)).await.unwrap().value;
    let twin = core.make_group(account, "all".to_owned(), String::new(), None).await;
    assert_eq!(at(twin), (RefusalCode::Conflict, Some("name".to_owned())));
    assert!(core.make_group(other, "all".to_owned(), String::new(), None).await.is_ok());
    let nobody = core.members_to_message(account, "all", None).await;
    assert_eq!(at(nobody).0, RefusalCode::Conflict);
    let ada = core.make_contact(account, contact(ADA, "Ada"), &[group.id], None).await.unwrap().value;
    let bob = core.make_contact(account, contact(BOB, "Bob"), &[], None).await.unwrap().value;
    let ids = [ada.id, bob.id];
    let join = (Membership::Join, ids.as_slice());
    assert_eq!(core.change_members(account, group.id, join, None).await.unwrap().value.contacts, 2);
    let theirs = core.make_contact(other, contact(ADA, "x"), &[], None).await.unwrap().value;
    let ids = [bob.id, theirs.id];
    let foreign = (Membership::Join, ids.as_slice());
    let refused = core.change_members(account, group.id, foreign, None).await;
    assert_eq!(at(refused).1.as_deref(), Some("contacts[1]"));
    assert_eq!(
        at(core.members_to_message(other, &group.id.to_string(), None).await).0,
        RefusalCode::NotFound
    );

    let wish = SuppressionWish {
        numbers: vec![number(BOB)],
        reason: SuppressionReason::Manual,
        source: "key:1".to_owned(),
    };
    core.suppress(account, wish, None).await.unwrap();
    for name in ["all", &group.id.to_string()] {
        let found = core.members_to_message(account, name, None).await.unwrap();
        assert_eq!((found.members.len(), found.left_out), (1, 1), "{name}");
        assert_eq!(found.members[0].id, ada.id);
    }
    let shown = core.contact(account, bob.id).await.unwrap().unwrap();
    assert_eq!(shown.suppressed, Some(SuppressionReason::Manual));

    drop(core);
    let house = house.restart().await;
    let core = house.core.clone();
    let patch = GroupPatch { name: Some("some".to_owned()), description: Some("a few".to_owned()) };
    let changed = core.change_group(account, group.id, patch).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.description.as_str(), changed.contacts), ("some", "a few", 2));
    let ids = [bob.id];
    let leave = (Membership::Leave, ids.as_slice());
    assert_eq!(core.change_members(account, group.id, leave, None).await.unwrap().value.contacts, 1);
    assert_eq!(at(core.remove_group(other, group.id).await).0, RefusalCode::NotFound);
    core.remove_group(account, group.id).await.unwrap();
    assert_eq!(core.groups(account, None, 10).await.unwrap().items, []);
    assert!(core.contact(account, ada.id).await.unwrap().unwrap().groups.is_empty(), "contacts stay");
}
