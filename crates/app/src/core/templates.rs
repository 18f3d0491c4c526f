//! Templates of an account: written by it, reviewed by the operator, version by version. Where texts must be from
//! one is said by the traffic document, and decided by `decide::wording`.
//!
//! A new text is a new version, which goes through its own review while the version in force stays so. Start at
//! [`Core::make_template`] and [`Core::review_template`].

use std::collections::{BTreeMap, BTreeSet};

use decide::template::{Piece, pieces};
use types::contact::PARAMETER_VALUE_CHARS_MAX;
use types::id::{AccountId, RowKey, TemplateId};
use types::message::TEXT_CHARS_MAX;
use types::refusal::{Refusal, RefusalCode};
use types::resource::{
    Document, ResourceKind, ReviewState, TEMPLATE_VERSIONS_MAX, Template, TemplateVersion,
};
use types::time::Timestamp;

use super::groups::{check_description, check_name};
use super::{Core, Scope, stopped};
use crate::detail::Page;
use crate::engine::{Change, Changed, ResourcePatch};
use crate::shared::Resource;
use crate::submission::{Done, Idempotency};

/// Templates of an account.
pub const TEMPLATES_MAX: usize = 500;
/// Placeholders of a template.
const PLACEHOLDERS_MAX: usize = 50;

/// A template of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateView {
    /// Its id.
    pub id: TemplateId,
    /// Whose it is.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// What became of the review of the newest version.
    pub state: ReviewState,
    /// The number of the version from which messages are written, if there is one.
    pub in_force: Option<u32>,
    /// The versions that are kept, the newest first; there is one at the least.
    pub versions: Vec<TemplateVersion>,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// When it was changed or reviewed last.
    pub changed_at: Timestamp,
}

/// What to set of a template; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateWish {
    /// The name; a new template needs one.
    pub name: Option<String>,
    /// The text; a new template needs one.
    pub text: Option<String>,
    /// What stands for each placeholder of the text, for example.
    pub examples: Option<BTreeMap<String, String>>,
    /// Whether the operator is asked to review it; it stays a draft else.
    pub submit: bool,
}

impl Core {
    /// Templates of one account or of all, newest first.
    pub fn templates(&self, scope: Scope, before: Option<RowKey>, limit: usize) -> Page<TemplateView> {
        let found = self.reviewed(scope, ResourceKind::Template, before, limit + 1);
        let mut items: Vec<TemplateView> = found.iter().filter_map(|known| view(known)).collect();
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(|view| view.id.key());
        Page { items, next }
    }

    /// One template; `None` when the account has none by this id.
    pub fn template(&self, account: AccountId, id: TemplateId) -> Option<TemplateView> {
        let directory = self.inner.shared.directory.load();
        directory.resource_by_id(account, ResourceKind::Template, id.0).and_then(|known| view(known))
    }

    /// The text in force of a template by its name or id.
    ///
    /// # Errors
    /// `not_found` for one that the account has not, and `template_not_approved` for one without a version in
    /// force.
    pub fn template_text(&self, account: AccountId, called: &str) -> Result<String, Refusal> {
        let directory = self.inner.shared.directory.load();
        let mut own = directory.resources_of(account, ResourceKind::Template);
        let named = own.find(|known| known.row.name == called);
        let by_id = || {
            let id = TemplateId::parse(called)?;
            directory.resource_by_id(account, ResourceKind::Template, id.0)
        };
        let known = named.or_else(by_id).ok_or_else(|| no_such_template().at("template"))?;
        let Document::Template(template) = &known.document else { return Err(no_such_template()) };
        template.in_force().map(|version| version.text.clone()).ok_or_else(|| {
            let detail =
                format!("no version of the template was approved; its review says {}", known.row.state);
            Refusal::new(RefusalCode::TemplateNotApproved, detail).at("template")
        })
    }

    /// Makes a template.
    ///
    /// # Errors
    /// `invalid_request` or `invalid_template` at what cannot be set, and the refusals of an idempotency key.
    pub async fn make_template(
        &self,
        account: AccountId,
        wish: TemplateWish,
        once: Option<Idempotency>,
    ) -> Result<Done<TemplateView>, Refusal> {
        let name = wish.name.clone().unwrap_or_default();
        check_name(&name)?;
        let (template, state) = changed(Template::default(), ReviewState::Draft, wish, self.now())?;
        let made = (name, state, Document::Template(template));
        let done =
            self.change_once(account, Change::ResourceMade(account, made, TEMPLATES_MAX), once).await?;
        let key = match done.value {
            Changed::Resource(id) => id.key(),
            Changed::Again(created) => created,
            _ => return Err(stopped()),
        };
        let directory = self.inner.shared.directory.load();
        let known = directory.resource(account, key).and_then(|known| view(known));
        Ok(Done { value: known.ok_or_else(no_such_template)?, replayed: done.replayed })
    }

    /// Changes a template. Another text or other examples are a new version, which goes to its review when that is
    /// asked for; the version in force stays so until then.
    ///
    /// # Errors
    /// `not_found`, and as [`Core::make_template`].
    pub async fn change_template(
        &self,
        account: AccountId,
        id: TemplateId,
        wish: TemplateWish,
    ) -> Result<TemplateView, Refusal> {
        let directory = self.inner.shared.directory.load_full();
        let known = directory.resource_by_id(account, ResourceKind::Template, id.0);
        let known = known.ok_or_else(no_such_template)?;
        let Document::Template(old) = &known.document else { return Err(no_such_template()) };
        let name = wish.name.clone();
        name.as_deref().map_or(Ok(()), check_name)?;
        let (template, state) = changed(old.clone(), known.row.state, wish, self.now())?;
        let patch = ResourcePatch { name, state: Some(state), document: Some(Document::Template(template)) };
        self.change(Change::ResourceSet(account, ResourceKind::Template, id.key(), patch)).await?;
        self.template(account, id).ok_or_else(no_such_template)
    }

    /// Takes a template away, with its reviews.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn remove_template(&self, account: AccountId, id: TemplateId) -> Result<(), Refusal> {
        self.template(account, id).ok_or_else(no_such_template)?;
        self.change(Change::ResourceRemoved(account, ResourceKind::Template, id.key())).await.map(drop)
    }

    /// Reviews the newest version of a template, by the template's name; the next message is held against it.
    ///
    /// # Errors
    /// `not_found`, and `invalid_request` for a draft, which nobody has asked to review.
    pub async fn review_template(
        &self,
        account: AccountId,
        name: &str,
        state: ReviewState,
        note: String,
    ) -> Result<TemplateView, Refusal> {
        check_description(&note).map_err(|refusal| refusal.at("note"))?;
        let directory = self.inner.shared.directory.load_full();
        let mut own = directory.resources_of(account, ResourceKind::Template);
        let known = own.find(|known| known.row.name == name).ok_or_else(no_such_template)?;
        let Document::Template(old) = &known.document else { return Err(no_such_template()) };
        if known.row.state == ReviewState::Draft || state == ReviewState::Draft {
            let detail = "the template is a draft: its account has not asked for a review yet";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("state"));
        }
        let mut template = old.clone();
        if let Some(newest) = template.versions.last_mut() {
            newest.state = state.to_string();
            newest.note = note;
            newest.at_ms = self.now().as_ms();
        }
        let document = Some(Document::Template(template));
        let patch = ResourcePatch { name: None, state: Some(state), document };
        self.change(Change::ResourceSet(account, ResourceKind::Template, known.row.key, patch)).await?;
        self.template(account, TemplateId(known.id())).ok_or_else(no_such_template)
    }
}

/// A template as a wish leaves it, and the state of its newest version.
fn changed(
    mut template: Template,
    state: ReviewState,
    wish: TemplateWish,
    now: Timestamp,
) -> Result<(Template, ReviewState), Refusal> {
    let newest = template.versions.last().cloned().unwrap_or_default();
    let text = wish.text.unwrap_or_else(|| newest.text.clone());
    let examples = wish.examples.unwrap_or_else(|| newest.examples.clone());
    check(&text, &examples)?;
    let is_new = newest.number == 0 || (&newest.text, &newest.examples) != (&text, &examples);
    let next = match (wish.submit, is_new, state) {
        (true, true, _) | (true, false, ReviewState::Draft) => ReviewState::Pending,
        (false, true, _) => ReviewState::Draft,
        // What was reviewed is not reviewed again by itself.
        (_, false, state) => state,
    };
    if is_new {
        // A draft that nobody has reviewed gives way; everything else stays on record.
        if newest.number > 0 && newest.review() == ReviewState::Draft {
            template.versions.pop();
        }
        let number = newest.number.saturating_add(1);
        let version = TemplateVersion { number, text, examples, ..TemplateVersion::default() };
        template.versions.push(version);
    }
    if let Some(newest) = template.versions.last_mut() {
        if newest.state != next.as_str() {
            newest.at_ms = now.as_ms();
        }
        newest.state = next.to_string();
    }
    let in_force = template.in_force().map(|version| version.number);
    while template.versions.len() > TEMPLATE_VERSIONS_MAX {
        let oldest = template.versions.iter().position(|version| Some(version.number) != in_force);
        template.versions.remove(oldest.unwrap_or(0));
    }
    Ok((template, next))
}

/// A text can be read, and each of its placeholders has an example.
fn check(text: &str, examples: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let refuse = |code, detail: String, field: &str| Err(Refusal::new(code, detail).at(field));
    if text.trim().is_empty() || text.chars().count() > TEXT_CHARS_MAX {
        let detail = format!("expected 1 to {TEXT_CHARS_MAX} characters");
        return refuse(RefusalCode::InvalidRequest, detail, "text");
    }
    let read =
        pieces(text).map_err(|detail| Refusal::new(RefusalCode::InvalidTemplate, detail).at("text"))?;
    let name = |piece: &Piece<'_>| match piece {
        Piece::Placeholder(name) => Some((*name).to_owned()),
        Piece::Literal(_) => None,
    };
    let names: BTreeSet<String> = read.iter().filter_map(name).collect();
    if names.len() > PLACEHOLDERS_MAX {
        let detail = format!("expected at most {PLACEHOLDERS_MAX} placeholders");
        return refuse(RefusalCode::InvalidTemplate, detail, "text");
    }
    if let Some(missing) = names.iter().find(|name| !examples.contains_key(*name)) {
        let detail = format!("say what stands for `{missing}`, for example");
        return refuse(RefusalCode::InvalidTemplate, detail, "examples");
    }
    if let Some((name, _)) = examples.iter().find(|(name, _)| !names.contains(*name)) {
        let detail = format!("the text has no placeholder `{name}`");
        return refuse(RefusalCode::InvalidTemplate, detail, "examples");
    }
    let fits = |value: &String| value.chars().count() <= PARAMETER_VALUE_CHARS_MAX;
    if !examples.values().all(fits) {
        let detail = format!("an example has at most {PARAMETER_VALUE_CHARS_MAX} characters");
        return refuse(RefusalCode::InvalidTemplate, detail, "examples");
    }
    Ok(())
}

fn view(known: &Resource) -> Option<TemplateView> {
    let Document::Template(template) = &known.document else { return None };
    let mut versions = template.versions.clone();
    versions.reverse();
    Some(TemplateView {
        id: TemplateId(known.id()),
        account: known.row.account,
        name: known.row.name.clone(),
        state: known.row.state,
        in_force: template.in_force().map(|version| version.number),
        versions,
        created_at: known.row.created_at,
        changed_at: known.row.changed_at,
    })
}

fn no_such_template() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account has no such template").at("id")
}
