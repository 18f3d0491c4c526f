//! Senders: where the operator wants them approved, only those of an account that were approved can be used.

use app::SenderWish;
use types::account::AccountLimits;
use types::address::Address;
use types::catalog::{OneOrMany, SenderRule, TrafficDocument};
use types::message::Draft;
use types::refusal::RefusalCode;
use types::resource::ReviewState;

use crate::house::{House, new_account, route, traffic};

fn wish(sender: &str) -> SenderWish {
    SenderWish { sender: sender.to_owned(), ..SenderWish::default() }
}

/// What becomes of a message from a sender.
async fn code(house: &House, from: &str) -> Option<RefusalCode> {
    let draft = Draft { source: Address::from_text(from), ..house.draft("hello") };
    house.submit(vec![draft]).await.err().and_then(|rejected| rejected.first().map(|refusal| refusal.code))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_approved_senders_go_where_the_operator_wants_them_approved() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let other = house.core.create_account(new_account("other", AccountLimits::default())).await.unwrap().id;
    assert_eq!(code(&house, "ACME").await, None, "nothing is asked for without a rule");
    let rule = SenderRule { country: Some(OneOrMany::One("GB".to_owned())), approved_only: true };
    let document = TrafficDocument { sender_rule: vec![rule], ..traffic(route(&["a"])) };
    house.core.change_traffic(document, "test", "").await.unwrap();
    house.settle().await;
    let no = Some(RefusalCode::SenderNotApproved);
    assert_eq!(code(&house, "ACME").await, no);

    let asked = house.core.request_sender(account, wish("ACME"), None).await.unwrap().value;
    assert_eq!((asked.state, code(&house, "ACME").await), (ReviewState::Pending, no));
    let twin = house.core.request_sender(account, wish("acme"), None).await.unwrap_err();
    assert_eq!((twin.code, twin.field.as_deref()), (RefusalCode::Conflict, Some("sender")));
    let wrong = house.core.request_sender(account, wish("a name too long"), None).await.unwrap_err();
    assert_eq!((wrong.code, wrong.field.as_deref()), (RefusalCode::InvalidSender, Some("sender")));
    // What another account may use says nothing of this one.
    house.core.request_sender(other, wish("ACME"), None).await.unwrap();
    house.core.review_sender(other, "ACME", ReviewState::Approved, String::new()).await.unwrap();
    assert_eq!(code(&house, "ACME").await, no);
    let review = |state| house.core.review_sender(account, "acme", state, "we called".to_owned());
    assert_eq!(review(ReviewState::Approved).await.unwrap().note, "we called");
    assert_eq!((code(&house, "ACME").await, code(&house, "acme").await), (None, None));
    review(ReviewState::Revoked).await.unwrap();
    assert_eq!(code(&house, "ACME").await, no);
    let unknown = house.core.review_sender(account, "Else", ReviewState::Approved, String::new()).await;
    assert_eq!(unknown.unwrap_err().code, RefusalCode::NotFound);
    review(ReviewState::Approved).await.unwrap();

    let house = house.restart().await;
    assert_eq!(code(&house, "ACME").await, None, "the review outlives the process");
    assert_eq!(house.core.sender(other, asked.id), None, "it is another's");
    house.core.remove_sender(account, asked.id).await.unwrap();
    assert_eq!(code(&house, "ACME").await, no);
}
