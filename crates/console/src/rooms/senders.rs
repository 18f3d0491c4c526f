//! What phones see of an account: its senders, the pools that choose among them, its templates and signatures.
//!
//! Start at [`list`]; what the operator decides about these is in `reviews`.

use std::collections::BTreeMap;

use app::{PoolPatch, PoolView, Scope, SenderView, SenderWish, SignatureView, TemplateView, TemplateWish};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use types::id::{AccountId, PoolId, SenderId, SignatureId, TemplateId};
use types::network::Country;
use types::refusal::Refusal;
use types::resource::{OptOutScope, PoolMember, ReviewState};
use types::role::Permission;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page, page_with};
use crate::guard::{Posted, SignedIn};
use crate::rooms::forms::{check_token, own, unknown, words, wrong};
use crate::shared::House;

/// Things of a kind that are shown.
const SHOWN_MAX: usize = 200;

/// Forms that say beside their fields what is wrong.
const FORMS: &[&str] = &["sender", "signature", "pool", "template", "draft"];

#[derive(Template)]
#[template(path = "senders.html")]
struct SendersPage {
    frame: Frame,
    senders: Vec<SenderRow>,
    pools: Vec<PoolRow>,
    templates: Vec<TemplateRow>,
    signatures: Vec<SenderRow>,
    editable: bool,
    token: String,
    form: Changing,
    error: Option<(String, String)>,
}

impl SendersPage {
    /// What was wrong with one of the forms.
    fn wrong(&self, form: &str) -> Option<&str> {
        self.error.as_ref().filter(|(at, _)| at == form).map(|(_, text)| text.as_str())
    }

    /// What was wrong with a form that has no place of its own for it.
    fn elsewhere(&self) -> Option<&str> {
        let error = self.error.as_ref();
        error.filter(|(at, _)| !FORMS.contains(&at.as_str())).map(|(_, text)| text.as_str())
    }

    /// What was typed into a field of a form that was refused.
    fn typed<'a>(&self, form: &str, field: &'a str) -> &'a str {
        if self.form.what == form { field } else { "" }
    }
}

/// A sender or a signature.
struct SenderRow {
    id: String,
    name: String,
    state: &'static str,
    hue: &'static str,
    /// What the account and the operator say of it.
    says: String,
}

struct PoolRow {
    id: String,
    name: String,
    members: String,
    how: String,
}

struct TemplateRow {
    id: String,
    name: String,
    state: &'static str,
    hue: &'static str,
    text: String,
    note: String,
    /// The text from which messages are written, where it is another.
    in_force: Option<String>,
    is_draft: bool,
}

/// The forms of the page: `what` names the button.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct Changing {
    #[serde(default)]
    what: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    countries: String,
    #[serde(default)]
    says: String,
    #[serde(default)]
    members: String,
    #[serde(default)]
    opt_out: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    examples: String,
    #[serde(default)]
    token: String,
}

/// The colour of a review.
pub(crate) const fn hue(state: ReviewState) -> &'static str {
    match state {
        ReviewState::Approved => "done",
        ReviewState::Pending => "moving",
        ReviewState::Draft => "waiting",
        ReviewState::Rejected => "failed",
        ReviewState::Revoked => "doubtful",
    }
}

/// Shows all of it.
pub(crate) async fn list(State(house): State<House>, person: SignedIn) -> Result<Response, Fault> {
    page(&senders_page(&house, &person, Changing::default(), None)?)
}

/// Asks for something, sets a pool, or takes something away.
pub(crate) async fn change(
    State(house): State<House>,
    person: SignedIn,
    Posted(form): Posted<Changing>,
) -> Result<Response, Fault> {
    match carry_out(&house, &person, &form).await {
        Ok(()) => Ok(Redirect::to("/senders").into_response()),
        Err(refusal) => {
            let error = Some((form.what.clone(), words(refusal)?));
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &senders_page(&house, &person, form, error)?)
        }
    }
}

async fn carry_out(house: &House, person: &SignedIn, form: &Changing) -> Result<(), Refusal> {
    let account = own(person).map_err(|_| unknown())?;
    check_token(&form.token, account)?;
    let (desk, name) = (&house.desk, form.name.trim().to_owned());
    match form.what.as_str() {
        "sender" => {
            let countries = read_countries(&form.countries)?;
            let wish = SenderWish { sender: name, countries, purpose: form.says.trim().to_owned() };
            desk.request_sender(account, wish).await
        }
        "signature" => desk.request_signature(account, (name, form.says.trim().to_owned())).await,
        "pool" => set_pool(house, account, form).await,
        "template" | "draft" => set_template(house, account, form).await,
        "submit" => {
            let id = TemplateId::parse(&form.id).ok_or_else(unknown)?;
            let wish = TemplateWish { submit: true, ..TemplateWish::default() };
            desk.change_template(account, id, wish).await
        }
        "remove-sender" => desk.remove_sender(account, SenderId::parse(&form.id).ok_or_else(unknown)?).await,
        "remove-pool" => desk.remove_pool(account, PoolId::parse(&form.id).ok_or_else(unknown)?).await,
        "remove-template" => {
            desk.remove_template(account, TemplateId::parse(&form.id).ok_or_else(unknown)?).await
        }
        "remove-signature" => {
            desk.remove_signature(account, SignatureId::parse(&form.id).ok_or_else(unknown)?).await
        }
        _ => Err(unknown()),
    }
}

/// Makes a pool, or sets the one that has the name.
async fn set_pool(house: &House, account: AccountId, form: &Changing) -> Result<(), Refusal> {
    let lines = form.members.lines().map(str::trim).filter(|line| !line.is_empty());
    let member = |line: &str| match line.strip_suffix(" off") {
        Some(sender) => PoolMember { sender: sender.trim().to_owned(), off: true },
        None => PoolMember { sender: line.to_owned(), off: false },
    };
    let patch = PoolPatch {
        name: Some(form.name.trim().to_owned()),
        members: Some(lines.map(member).collect()),
        opt_out: OptOutScope::parse(&form.opt_out),
        ..PoolPatch::default()
    };
    let known = house.desk.pools(account).into_iter().find(|pool| pool.name == form.name.trim());
    match known {
        Some(pool) => house.desk.change_pool(account, pool.id, patch).await,
        None => house.desk.make_pool(account, patch).await,
    }
}

/// Makes a template, or gives the one that has the name another text.
async fn set_template(house: &House, account: AccountId, form: &Changing) -> Result<(), Refusal> {
    let mut examples = BTreeMap::new();
    for line in form.examples.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let pair = line.split_once('=');
        let (name, value) = pair.ok_or_else(|| wrong("Write an example as name=value, one to a line."))?;
        examples.insert(name.trim().to_owned(), value.trim().to_owned());
    }
    let wish = TemplateWish {
        name: Some(form.name.trim().to_owned()),
        text: Some(form.text.replace("\r\n", "\n")),
        examples: Some(examples),
        submit: form.what == "template",
    };
    let mine = house.desk.templates(Scope::Account(account), SHOWN_MAX);
    match mine.into_iter().find(|template| template.name == form.name.trim()) {
        Some(template) => house.desk.change_template(account, template.id, wish).await,
        None => house.desk.make_template(account, wish).await,
    }
}

fn read_countries(text: &str) -> Result<Vec<Country>, Refusal> {
    let words = text.split([' ', ',', ';']).filter(|word| !word.is_empty());
    let country = |word: &str| {
        let detail = format!("\"{word}\" is no country; write two letters of each, such as GB FR.");
        Country::parse(word).ok_or_else(|| wrong(&detail))
    };
    words.map(country).collect()
}

fn senders_page(
    house: &House,
    person: &SignedIn,
    form: Changing,
    error: Option<(String, String)>,
) -> Result<SendersPage, Fault> {
    let account = own(person)?;
    let scope = Scope::Account(account);
    Ok(SendersPage {
        frame: Frame::new(house, Some(&person.0), Room::Senders, "Senders"),
        senders: house.desk.senders(scope, SHOWN_MAX).into_iter().map(sender_row).collect(),
        pools: house.desk.pools(account).into_iter().map(pool_row).collect(),
        templates: house.desk.templates(scope, SHOWN_MAX).into_iter().map(template_row).collect(),
        signatures: house.desk.signatures(scope, SHOWN_MAX).into_iter().map(signature_row).collect(),
        editable: person.may(Permission::MessagesSend),
        token: house.form_token(person.0.account),
        form,
        error,
    })
}

/// What is said of something, without what is empty.
pub(crate) fn said(texts: &[&str]) -> String {
    texts.iter().copied().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn sender_row(view: SenderView) -> SenderRow {
    let countries: Vec<String> = view.countries.iter().map(ToString::to_string).collect();
    SenderRow {
        id: view.id.to_string(),
        name: view.sender,
        state: view.state.as_str(),
        hue: hue(view.state),
        says: said(&[&countries.join(" "), &view.purpose, &view.note]),
    }
}

fn signature_row(view: SignatureView) -> SenderRow {
    SenderRow {
        id: view.id.to_string(),
        name: view.signature,
        state: view.state.as_str(),
        hue: hue(view.state),
        says: said(&[&view.purpose, &view.note]),
    }
}

fn pool_row(view: PoolView) -> PoolRow {
    let member = |member: &app::PoolMemberView| match member.passed_over {
        None => member.sender.clone(),
        Some(why) => format!("{} ({})", member.sender, why.replace('_', " ")),
    };
    let opt_out = match view.opt_out {
        OptOutScope::Account => "STOP is for the account",
        OptOutScope::Pool => "STOP is for this pool",
    };
    let sticky = if view.is_sticky { "recipients keep their sender" } else { "" };
    let country = if view.prefers_country { "own country first" } else { "" };
    PoolRow {
        id: view.id.to_string(),
        name: view.name.clone(),
        members: view.members.iter().map(member).collect::<Vec<_>>().join(", "),
        how: said(&[sticky, country, opt_out]),
    }
}

fn template_row(view: TemplateView) -> TemplateRow {
    let newest = view.versions.first().cloned().unwrap_or_default();
    let in_force = view.versions.iter().find(|version| Some(version.number) == view.in_force);
    TemplateRow {
        id: view.id.to_string(),
        name: view.name.clone(),
        state: view.state.as_str(),
        hue: hue(view.state),
        in_force: in_force.filter(|version| version.number != newest.number).map(|known| known.text.clone()),
        text: newest.text,
        note: newest.note,
        is_draft: view.state == ReviewState::Draft,
    }
}
