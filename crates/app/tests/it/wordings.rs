//! Templates and signatures: what their reviews allow, and what becomes of texts where the operator has rules.

use std::collections::BTreeMap;

use app::TemplateWish;
use app::submission::{Submission, SubmitOutcome};
use ports::clock::Clock;
use types::catalog::{OneOrMany, SignaturePlace, SignatureRule, TemplateRule, TrafficDocument};
use types::id::AccountId;
use types::message::{Content, Door, Draft};
use types::refusal::RefusalCode;
use types::resource::ReviewState;

use crate::house::{House, route, traffic};

const TEXT: &str = "Your code is {code}.";

fn code(outcome: SubmitOutcome) -> Option<RefusalCode> {
    outcome.err().and_then(|rejected| rejected.first().map(|refusal| refusal.code))
}

fn wish(text: &str, submit: bool) -> TemplateWish {
    let examples = BTreeMap::from([("code".to_owned(), "1234".to_owned())]);
    TemplateWish {
        name: Some("code".to_owned()),
        text: Some(text.to_owned()),
        examples: Some(examples),
        submit,
    }
}

async fn rules(house: &House, templates: bool, signatures: bool) {
    let country = Some(OneOrMany::One("GB".to_owned()));
    let template = TemplateRule { country: country.clone(), class: None, approved_only: templates };
    let signature = SignatureRule {
        country,
        class: None,
        required: signatures,
        place: SignaturePlace::Front,
        before: "【".to_owned(),
        after: "】".to_owned(),
    };
    let document = TrafficDocument {
        template_rule: vec![template],
        signature_rule: vec![signature],
        ..traffic(route(&["a"]))
    };
    house.core.change_traffic(document, "test", "").await.unwrap();
    house.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_come_from_the_version_in_force_where_the_operator_wants_that() {
    let house = House::new(route(&["a"])).await;
    let (core, account) = (&house.core, house.account().id);
    let made = core.make_template(account, wish(TEXT, false), None).await.unwrap().value;
    assert_eq!((made.state, made.in_force), (ReviewState::Draft, None));
    let early = core.review_template(account, "code", ReviewState::Approved, String::new()).await;
    assert_eq!(early.unwrap_err().code, RefusalCode::InvalidRequest, "nobody has asked for it");
    let submitted = TemplateWish { submit: true, ..TemplateWish::default() };
    let pending = core.change_template(account, made.id, submitted.clone()).await.unwrap();
    assert_eq!((pending.state, pending.versions.len()), (ReviewState::Pending, 1));
    rules(&house, true, false).await;
    let send = async |text: &str| code(house.submit(vec![house.draft(text)]).await);
    let no = Some(RefusalCode::TemplateNotApproved);
    assert_eq!(send("Your code is 77.").await, no);
    let refused = core.template_text(account, "code").unwrap_err();
    assert_eq!(
        (refused.code, refused.field.as_deref()),
        (RefusalCode::TemplateNotApproved, Some("template"))
    );
    let reviewed = core.review_template(account, "code", ReviewState::Rejected, "too short".to_owned()).await;
    assert_eq!(reviewed.unwrap().versions[0].note, "too short");
    assert_eq!(send("Your code is 77.").await, no);
    // Another text goes back to its review; what was approved stays in force until it is.
    core.review_template(account, "code", ReviewState::Approved, String::new()).await.unwrap();
    assert_eq!((send("Your code is 77.").await, send("Buy now").await), (None, no));
    let edited = core.change_template(account, made.id, wish("Code: {code}", true)).await.unwrap();
    assert_eq!((edited.state, edited.in_force, edited.versions.len()), (ReviewState::Pending, Some(1), 2));
    assert_eq!((send("Your code is 78.").await, send("Code: 78").await), (None, no));
    core.review_template(account, "code", ReviewState::Approved, String::new()).await.unwrap();
    assert_eq!((send("Your code is 79.").await, send("Code: 79").await), (no, None));
    assert_eq!(core.template_text(account, &made.id.to_string()).unwrap(), "Code: {code}");
    // It outlives the process, and an approval that is taken back leaves none in force.
    let house = house.restart().await;
    let send = async |text: &str| code(house.submit(vec![house.draft(text)]).await);
    assert_eq!(send("Code: 80").await, None);
    house.core.review_template(account, "code", ReviewState::Revoked, String::new()).await.unwrap();
    assert_eq!(send("Code: 81").await, no);
    assert_eq!(house.core.template(AccountId(99), made.id), None);
    house.core.remove_template(account, made.id).await.unwrap();
    assert_eq!(house.core.template_text(account, "code").unwrap_err().code, RefusalCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_put_once_counted_and_shown_before() {
    let house = House::new(route(&["a"])).await;
    let (core, account) = (&house.core, house.account().id);
    rules(&house, false, true).await;
    let send = async |text: &str| code(house.submit(vec![house.draft(text)]).await);
    assert_eq!(send("hello").await, Some(RefusalCode::SignatureRequired));
    let ask = |text: &str| core.request_signature(account, (text.to_owned(), "us".to_owned()), None);
    assert_eq!(ask("【ACME】").await.unwrap_err().field.as_deref(), Some("signature"));
    let asked = ask("ACME").await.unwrap().value;
    assert_eq!(ask("ACME").await.unwrap_err().field.as_deref(), Some("signature"), "it is asked for");
    assert_eq!(send("hello").await, Some(RefusalCode::SignatureRequired), "it waits");
    core.review_signature(account, "ACME", ReviewState::Approved, "fine".to_owned()).await.unwrap();
    let long = "x".repeat(155);
    let quote = |draft: Draft| {
        house.core.quote(Submission {
            account,
            door: Door::Native,
            received_at: house.clock.now(),
            idempotency: None,
            drafts: vec![draft],
            guard_repeats: false,
            replaces: Vec::new(),
        })
    };
    let quoted = quote(house.draft(&long)).await.unwrap().messages.remove(0);
    let shown = quoted.preview.unwrap().text.unwrap().expose().clone();
    // The brackets are not of the GSM alphabet: what was one part of 160 is three of 67.
    assert_eq!((shown, quoted.parts), (format!("【ACME】{long}"), 3));
    house.sent("a");
    for text in ["hello", "【ACME】hello"] {
        let accepted = house.submit(vec![house.draft(text)]).await.unwrap();
        house.settle().await;
        let signed = Content::Text("【ACME】hello".to_owned());
        assert_eq!(house.sent("a").pop().unwrap().content.as_ref(), &signed, "{text}");
        assert_eq!(house.message(accepted.messages[0].id).await.content, Some(signed));
    }
    core.remove_signature(account, asked.id).await.unwrap();
    assert_eq!(send("hello").await, Some(RefusalCode::SignatureRequired));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_template_is_named() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    use RefusalCode::{InvalidRequest, InvalidTemplate};
    let other = BTreeMap::from([("other".to_owned(), "x".to_owned())]);
    let cases = [
        (wish("", true), InvalidRequest, "text"),
        (wish("Your {code", true), InvalidTemplate, "text"),
        (wish("Your {name}", true), InvalidTemplate, "examples"),
        (TemplateWish { examples: Some(other), ..wish("hello", true) }, InvalidTemplate, "examples"),
        (TemplateWish { name: Some(String::new()), ..wish(TEXT, true) }, InvalidRequest, "name"),
    ];
    for (wish, code, field) in cases {
        let refusal = house.core.make_template(account, wish, None).await.unwrap_err();
        assert_eq!((refusal.code, refusal.field.as_deref()), (code, Some(field)));
    }
    // Drafts give way to each other; what was reviewed is kept, up to a limit.
    let made = house.core.make_template(account, wish(TEXT, false), None).await.unwrap().value;
    for number in 0..30 {
        let text = format!("{number} {TEXT}");
        house.core.change_template(account, made.id, wish(&text, number % 3 == 0)).await.unwrap();
    }
    let kept = house.core.template(account, made.id).unwrap();
    assert!(kept.versions.len() <= 20 && kept.versions[0].text.starts_with("29 "), "{}", kept.versions.len());
}
