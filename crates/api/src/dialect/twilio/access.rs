//! Who calls, and for which account: Basic authentication, and the account that the path names.

use app::submission::{Caller, KeyAccess};
use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use types::access::KeyScope;
use types::account::parse_sid;
use types::id::PublicId;
use types::refusal::{Refusal, RefusalCode};

use super::answer::Form;
use super::fault::Fault;
use crate::auth::{peer_of, read_pair};
use crate::body::{STRANGERS_OCTETS_MAX, media_type};
use crate::query::Fields;
use crate::state::Api;

/// Somebody whose credentials are right, and the account for which they ask.
pub(super) struct Known {
    /// The key with which they came.
    pub(super) access: KeyAccess,
    /// Who asks, as the account that the path names.
    pub(super) owner: Caller,
    /// That account's public id.
    pub(super) sid: PublicId,
    /// The form of the answer.
    pub(super) form: Form,
    /// What the path names besides, without an ending, in its order.
    pub(super) names: Vec<String>,
    /// The path, as it was asked for.
    pub(super) path: String,
    /// The query.
    pub(super) query: Fields,
}

impl FromRequestParts<Api> for Known {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Response> {
        let form = Form::of(parts.uri.path());
        let names = RawPathParams::from_request_parts(parts, api).await;
        let names: Vec<(String, String)> = names.map_or_else(
            |_| Vec::new(),
            |all| all.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        );
        let known = Self::read(parts, api, form, names);
        known.map_err(|(account, refusal)| Fault::from(api.counted(account, refusal)).answer(form))
    }
}

/// The answer to somebody who may not do this, or who names what is not there.
pub(super) struct Denied(Box<Response>);

impl Denied {
    /// Denied by this answer.
    pub(super) fn by(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl From<Denied> for Response {
    fn from(denied: Denied) -> Self {
        *denied.0
    }
}

type Counted = (Option<types::id::AccountId>, Refusal);

impl Known {
    fn read(parts: &Parts, api: &Api, form: Form, names: Vec<(String, String)>) -> Result<Self, Counted> {
        let (access, user) = authenticate(parts, api).map_err(|refusal| (None, refusal))?;
        let refuse = |refusal| (Some(access.caller.account), refusal);
        let (account, names): (Vec<_>, Vec<_>) = names.into_iter().partition(|(name, _)| name == "account");
        let wanted = account.into_iter().next().map(|(_, value)| strip(&value).to_owned());
        let (owner, sid) = act_for(api, (access, &user), wanted.as_deref()).map_err(refuse)?;
        let query = Fields::parse(parts.uri.query().unwrap_or("")).map_err(refuse)?;
        let names = names.into_iter().map(|(_, value)| strip(&value).to_owned()).collect();
        Ok(Self { access, owner, sid, form, names, path: parts.uri.path().to_owned(), query })
    }

    /// Refuses a key that may not do this.
    pub(super) fn needs(&self, api: &Api, scope: KeyScope) -> Result<(), Denied> {
        // Who acts for an account below does there whatever the key's other scopes allow.
        let is_for_another = self.owner.account != self.access.caller.account;
        if is_for_another || self.access.scopes.contains(scope) {
            return Ok(());
        }
        let detail = format!("this needs a key with the scope `{scope}`");
        Err(Denied::by(self.refuse(api, Refusal::new(RefusalCode::Forbidden, detail))))
    }

    /// Counts a refusal and writes it.
    pub(super) fn refuse(&self, api: &Api, refusal: Refusal) -> Response {
        Fault::from(api.counted(Some(self.owner.account), refusal)).answer(self.form)
    }

    /// Counts an error that no refusal stands for, and writes it.
    pub(super) fn fault(&self, api: &Api, fault: &Fault) -> Response {
        api.desk().note_refusal(Some(self.owner.account), RefusalCode::InvalidRequest);
        fault.answer(self.form)
    }

    /// The first name of the path.
    pub(super) fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// The fields of the form that was posted; what is not known is left to itself.
    pub(super) async fn form(&self, api: &Api, headers: &HeaderMap, body: Body) -> Result<Fields, Response> {
        let read = async {
            let taken = api.read_known(headers, body, STRANGERS_OCTETS_MAX).await?;
            let kind = media_type(headers);
            if !taken.octets.is_empty() && kind != "application/x-www-form-urlencoded" {
                let detail = "send `Content-Type: application/x-www-form-urlencoded`";
                return Err(Refusal::new(RefusalCode::UnsupportedMediaType, detail));
            }
            let text = std::str::from_utf8(&taken.octets)
                .map_err(|_| Refusal::new(RefusalCode::InvalidRequest, "the form is not UTF-8"))?;
            Fields::parse(text)
        };
        read.await.map_err(|refusal| self.refuse(api, refusal))
    }
}

/// A name without the ending that says the form of the answer.
fn strip(name: &str) -> &str {
    name.strip_suffix(".json").or_else(|| name.strip_suffix(".xml")).unwrap_or(name)
}

/// Reads the user, who is an account or a key, and the secret.
fn authenticate(parts: &Parts, api: &Api) -> Result<(KeyAccess, String), Refusal> {
    let (user, secret) = read_pair(&parts.headers)?;
    let from = peer_of(&parts.extensions);
    let access = match parse_sid(&user) {
        Some(sid) => api.authenticate_account(from, sid, &secret),
        None => api.authenticate(from, &user, &secret),
    };
    Ok((access?, user))
}

/// The account that the path names: the caller's own, by its id or by the key with which they came, or one
/// below it.
fn act_for(
    api: &Api,
    (access, user): (KeyAccess, &str),
    wanted: Option<&str>,
) -> Result<(Caller, PublicId), Refusal> {
    let refuse = || Refusal::new(RefusalCode::InvalidCredentials, "the path names another account");
    let own = api.desk().account(access.caller.account).ok_or_else(refuse)?;
    let Some(wanted) = wanted.filter(|wanted| *wanted != user) else { return Ok((access.caller, own.sid)) };
    let sid = parse_sid(wanted).ok_or_else(refuse)?;
    if sid == own.sid {
        return Ok((access.caller, sid));
    }
    if !access.scopes.contains(KeyScope::Accounts) {
        return Err(refuse());
    }
    let below = api.desk().account_below(own.id, sid).ok_or_else(refuse)?;
    Ok((Caller { account: below.account.id, ..access.caller }, sid))
}
