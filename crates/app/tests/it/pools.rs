//! Pools of senders: which sender a message gets, what is remembered of its recipients, and what a phone that
//! writes to a number of one means.

use app::submission::{Preview, Submission, SubmitOutcome};
use app::{GroupMembers, PoolPatch, PoolView, SenderWish};
use ports::channel::ChannelEvent;
use ports::clock::Clock;
use types::address::{Address, Msisdn};
use types::contact::Contact;
use types::id::AccountId;
use types::inbound::InboundNumber;
use types::message::{Content, Door, Draft, OctetContent};
use types::money::Money;
use types::receipt::InboundNotice;
use types::refusal::RefusalCode;
use types::resource::{ChosenBy, OptOutScope, PoolMember, PoolReply, ReviewState, pool_address};

use crate::house::{House, route};

const PHONE: &str = "447400123456";
const UK: &str = "447400999000";
const BE: &str = "32460000001";

fn member(sender: &str) -> PoolMember {
    PoolMember { sender: sender.to_owned(), off: false }
}

fn members(senders: &[&str]) -> Option<Vec<PoolMember>> {
    Some(senders.iter().map(|sender| member(sender)).collect())
}

/// A house whose account holds two numbers, has an approved sender, and a pool of these.
async fn furnished() -> (House, AccountId, PoolView) {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let numbers = [UK, BE].map(|text| (InboundNumber::parse(text).unwrap(), Some(account)));
    house.core.import_numbers(numbers.to_vec()).await.unwrap();
    let wish = SenderWish { sender: "ACME".to_owned(), ..SenderWish::default() };
    house.core.request_sender(account, wish, None).await.unwrap();
    house.core.review_sender(account, "ACME", ReviewState::Approved, String::new()).await.unwrap();
    let wish = PoolPatch {
        name: Some("shop".to_owned()),
        members: members(&[BE, "ACME", UK]),
        ..PoolPatch::default()
    };
    let pool = house.core.make_pool(account, wish, None).await.unwrap().value;
    (house, account, pool)
}

fn by(house: &House, pool: &str, to: &str) -> Draft {
    Draft { source: pool_address(pool), destination: Address::from_text(to), ..house.draft("hello") }
}

/// The sender that the next message by a pool gets, and why.
async fn sent_by(house: &House, pool: &str, to: &str) -> (String, ChosenBy) {
    let accepted = house.submit(vec![by(house, pool, to)]).await.unwrap();
    house.settle().await;
    let detail = house.message(accepted.messages[0].id).await;
    let sent = house.sent("a").pop().unwrap();
    assert_eq!(sent.source.text(), detail.source.text(), "it goes out from the sender that was chosen");
    let chosen = detail.chosen.unwrap();
    assert_eq!(chosen.pool_name, "shop");
    (detail.source.text().into_owned(), chosen.by)
}

fn code(outcome: SubmitOutcome) -> Option<RefusalCode> {
    outcome.err().and_then(|rejected| rejected.first().map(|refusal| refusal.code))
}

async fn set(house: &House, account: AccountId, pool: &PoolView, patch: PoolPatch) -> PoolView {
    house.core.change_pool(account, pool.id, patch).await.unwrap()
}

async fn phone_writes(house: &House, number: &str, text: &str) {
    let notice = InboundNotice {
        source: Address::from_text(PHONE),
        destination: Address::from_text(number),
        content: OctetContent { payload: text.as_bytes().to_vec(), ..OctetContent::default() },
        read_at: house.clock.now(),
    };
    house.tell_at_once("a", vec![ChannelEvent::Inbound(notice)]).await;
    house.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_keeps_the_sender_that_it_heard_from_as_long_as_that_can_be_used() {
    let (house, account, pool) = furnished().await;
    assert_eq!(sent_by(&house, "shop", PHONE).await, (UK.to_owned(), ChosenBy::Country));
    assert_eq!(sent_by(&house, "shop", "32470000000").await, (BE.to_owned(), ChosenBy::Country));
    let (abroad, why) = sent_by(&house, &pool.id.to_string(), "15550001111").await;
    assert_eq!(why, ChosenBy::Spread);
    // It is remembered, also over the end of the process, and though a sender comes.
    let house = house.restart().await;
    set(&house, account, &pool, PoolPatch { prefers_country: Some(false), ..PoolPatch::default() }).await;
    assert_eq!(sent_by(&house, "shop", PHONE).await, (UK.to_owned(), ChosenBy::Memory));
    assert_eq!(sent_by(&house, "shop", "15550001111").await, (abroad, ChosenBy::Memory));
    // What is switched off is passed over, and what was chosen then is remembered.
    let off = PoolMember { off: true, ..member(UK) };
    let patch = PoolPatch { members: Some(vec![member(BE), off]), ..PoolPatch::default() };
    let changed = set(&house, account, &pool, patch).await;
    assert_eq!(changed.members[1].passed_over, Some("off"));
    assert_eq!(sent_by(&house, "shop", PHONE).await, (BE.to_owned(), ChosenBy::Spread));
    set(&house, account, &pool, PoolPatch { members: members(&[UK, BE]), ..PoolPatch::default() }).await;
    assert_eq!(sent_by(&house, "shop", PHONE).await, (BE.to_owned(), ChosenBy::Memory));
    set(&house, account, &pool, PoolPatch { is_sticky: Some(false), ..PoolPatch::default() }).await;
    assert_ne!(sent_by(&house, "shop", PHONE).await.1, ChosenBy::Memory);
    // A number that the account holds no more is no sender of its any more.
    house.core.release_number(InboundNumber::parse(UK).unwrap()).await.unwrap();
    assert_eq!(house.core.pool(account, pool.id).unwrap().members[0].passed_over, Some("not_own"));
    assert_eq!(sent_by(&house, "shop", PHONE).await.0, BE);
    house.core.release_number(InboundNumber::parse(BE).unwrap()).await.unwrap();
    let refused = house.submit(vec![by(&house, "shop", PHONE)]).await.unwrap_err();
    let refusal = refused.first().unwrap();
    assert_eq!((refusal.code, refusal.field.as_deref()), (RefusalCode::NoSenderLeft, Some("pool")));
    assert!(refusal.detail.contains("no sender and no number of the account"), "{}", refusal.detail);
    house.core.remove_pool(account, pool.id).await.unwrap();
    assert_eq!(code(house.submit(vec![by(&house, "shop", PHONE)]).await), Some(RefusalCode::InvalidSender));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_and_the_story_tell_the_sender_and_many_recipients_are_spread() {
    let (house, account, _) = furnished().await;
    let submission = Submission {
        account,
        door: Door::Native,
        received_at: house.clock.now(),
        idempotency: None,
        drafts: vec![by(&house, "shop", PHONE)],
        guard_repeats: false,
        replaces: Vec::new(),
    };
    let quoted = house.core.quote(submission).await.unwrap();
    let preview = Some(Box::new(Preview { from: Some(Address::from_text(UK)), text: None }));
    assert_eq!(quoted.messages[0].preview, preview);
    let accepted = house.submit(vec![by(&house, "shop", PHONE)]).await.unwrap();
    house.settle().await;
    let (_, story) =
        house.core.explain(app::Scope::Account(account), accepted.messages[0].id).await.unwrap().unwrap();
    let because = story.iter().find(|because| because.stage == "sender").unwrap();
    assert!(because.text.contains("the pool shop: it is of the recipient's country"), "{}", because.text);
    house.core.top_up(account, Money::parse("100.00 EUR").unwrap(), "test").await.unwrap();
    let drafts = (0..1_200).map(|n| by(&house, "shop", &format!("1555{:07}", n))).collect();
    let accepted = house.submit(drafts).await.unwrap();
    house.settle().await;
    let mut used = std::collections::BTreeMap::new();
    for message in accepted.messages.iter().step_by(40) {
        let source = house.message(message.id).await.source;
        *used.entry(source.text().into_owned()).or_insert(0) += 1;
    }
    assert_eq!(used.len(), 3, "{used:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_opts_out_of_a_pool_hears_from_others_and_of_the_account_from_nobody() {
    let (house, account, pool) = furnished().await;
    let second =
        PoolPatch { name: Some("news".to_owned()), members: members(&["ACME"]), ..PoolPatch::default() };
    house.core.make_pool(account, second, None).await.unwrap();
    let replies = vec![
        PoolReply { keyword: "stop".to_owned(), language: String::new(), text: "No more offers.".to_owned() },
        PoolReply { keyword: "stop".to_owned(), language: "de".to_owned(), text: "Ende.".to_owned() },
    ];
    let patch =
        PoolPatch { opt_out: Some(OptOutScope::Pool), replies: Some(replies), ..PoolPatch::default() };
    set(&house, account, &pool, patch).await;
    let plain = |from: &str| Draft { source: Address::from_text(from), ..by(&house, "shop", PHONE) };
    let is_refused = async |draft: Draft| {
        let refused = code(house.submit(vec![draft]).await);
        house.settle().await;
        house.sent("a");
        assert!(refused.is_none() || refused == Some(RefusalCode::RecipientSuppressed), "{refused:?}");
        refused.is_some()
    };
    let contact = Contact::of(Msisdn::parse(PHONE).unwrap());
    let group = house.core.make_group(account, "all".to_owned(), String::new(), None).await.unwrap().value;
    house.core.make_contact(account, contact, &[group.id], None).await.unwrap();

    phone_writes(&house, UK, "STOP").await;
    let answer = house.sent("a").pop().unwrap();
    assert_eq!(
        (answer.source.text().as_ref(), answer.content.as_ref()),
        (UK, &Content::Text("No more offers.".to_owned()))
    );
    assert!(is_refused(by(&house, "shop", PHONE)).await, "by the pool");
    assert!(is_refused(plain("+44 7400 999000")).await, "from the number to which it wrote");
    assert!(!is_refused(by(&house, "news", PHONE)).await, "by another pool");
    assert!(!is_refused(plain("Other")).await, "from another sender");
    let entry = house.core.suppression(account, Msisdn::parse(PHONE).unwrap()).await.unwrap().unwrap();
    assert_eq!(entry.pool, Some(pool.id));
    let members = async |pool| house.core.members_to_message(account, "all", pool).await;
    assert!(members(Some("shop")).await.is_err(), "nobody is left");
    let GroupMembers { left_out, .. } = members(Some("news")).await.unwrap();
    assert_eq!(left_out, 0);

    // It outlives the process; the word that takes it back is for the same pool.
    let house = house.restart().await;
    assert_eq!(
        code(house.submit(vec![by(&house, "shop", PHONE)]).await),
        Some(RefusalCode::RecipientSuppressed)
    );
    phone_writes(&house, UK, "START").await;
    assert_eq!(code(house.submit(vec![by(&house, "shop", PHONE)]).await), None);
    house.advance(86_400_001).await;
    phone_writes(&house, BE, "stopp").await;
    house.settle().await;
    let texts: Vec<_> = house.sent("a").iter().map(|sent| sent.content.as_ref().clone()).collect();
    assert!(texts.contains(&Content::Text("Ende.".to_owned())), "in its language");
    house.core.unsuppress(account, Msisdn::parse(PHONE).unwrap()).await.unwrap();
    assert_eq!(code(house.submit(vec![by(&house, "shop", PHONE)]).await), None, "the account took it off");
    // Where the pool says so, it is about everything.
    let patch = PoolPatch { opt_out: Some(OptOutScope::Account), ..PoolPatch::default() };
    set(&house, account, &pool, patch).await;
    phone_writes(&house, UK, "STOP").await;
    assert_eq!(
        code(house.submit(vec![by(&house, "news", PHONE)]).await),
        Some(RefusalCode::RecipientSuppressed)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_set_is_named() {
    let (house, account, pool) = furnished().await;
    let core = &house.core;
    let at = async |patch: PoolPatch| {
        let refusal = core.change_pool(account, pool.id, patch).await.unwrap_err();
        (refusal.code, refusal.field.unwrap_or_default())
    };
    let usual = PoolPatch::default;
    let reply = |keyword: &str, language: &str, text: &str| {
        let reply = PoolReply { keyword: keyword.into(), language: language.into(), text: text.into() };
        PoolPatch { replies: Some(vec![reply.clone(), reply]), ..usual() }
    };
    use RefusalCode::{InvalidRequest, InvalidSender};
    let cases = [
        (PoolPatch { members: members(&[UK, "Foreign"]), ..usual() }, InvalidSender, "members[1].sender"),
        (PoolPatch { members: members(&["ACME", "acme"]), ..usual() }, InvalidRequest, "members[1].sender"),
        (PoolPatch { members: members(&["a name too long"]), ..usual() }, InvalidSender, "members[0].sender"),
        (PoolPatch { members: Some(vec![member("ACME"); 101]), ..usual() }, InvalidRequest, "members"),
        (PoolPatch { name: Some(String::new()), ..usual() }, InvalidRequest, "name"),
        (PoolPatch { description: Some("x".repeat(201)), ..usual() }, InvalidRequest, "description"),
        (reply("end", "", "x"), InvalidRequest, "replies[0].keyword"),
        (reply("stop", "tlh", "x"), InvalidRequest, "replies[0].language"),
        (reply("stop", "de", ""), InvalidRequest, "replies[0].text"),
        (reply("stop", "de", "x"), InvalidRequest, "replies[1]"),
    ];
    for (patch, code, field) in cases {
        assert_eq!(at(patch).await, (code, field.to_owned()), "{field}");
    }
    let twin = PoolPatch { name: Some("shop".to_owned()), ..usual() };
    assert_eq!(core.make_pool(account, twin, None).await.unwrap_err().field.as_deref(), Some("name"));
    assert_eq!(core.pools(account, None, 9).items, [core.pool(account, pool.id).unwrap()]);
    assert_eq!(core.pools(AccountId(99), None, 9).items, []);
    assert_eq!(core.pool(AccountId(99), pool.id), None);
}
