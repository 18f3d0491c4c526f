//! Who calls: client id and secret in two headers.

use app::submission::{Caller, KeyAccess};
use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use types::access::{KeyScope, KeyScopes};
use types::account::parse_sid;
use types::id::AccountId;
use types::refusal::{Refusal, RefusalCode};

use super::fault::Fault;
use crate::auth::peer_of;
use crate::body::{BODY_OCTETS_MAX, parse_json};
use crate::query::Fields;
use crate::state::Api;

/// Items of a page when the caller does not say.
const LIMIT_DEFAULT: usize = 100;
/// The most items of a page.
const LIMIT_MAX: usize = 2_000;

/// Somebody whose credentials are right.
pub(super) struct Known {
    /// Who.
    pub(super) caller: Caller,
    /// What the key may do.
    pub(super) scopes: KeyScopes,
    /// What the path names.
    pub(super) name: String,
    /// The query.
    pub(super) query: Fields,
}

impl FromRequestParts<Api> for Known {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Fault> {
        let names = RawPathParams::from_request_parts(parts, api).await;
        let name = names.ok().and_then(|names| names.iter().next().map(|(_, value)| value.to_owned()));
        let header = |names: [&str; 2]| {
            let found = names.into_iter().find_map(|name| parts.headers.get(name));
            found.and_then(|value| value.to_str().ok()).unwrap_or("").to_owned()
        };
        let (id, secret) =
            (header(["x-client-id", "client_id"]), header(["x-client-secret", "client_secret"]));
        let known = api.authenticate(peer_of(&parts.extensions), &id, &secret);
        let KeyAccess { caller, scopes } = known.map_err(|refusal| api.counted(None, refusal))?;
        let query = Fields::parse(parts.uri.query().unwrap_or(""));
        let query = query.map_err(|refusal| api.counted(Some(caller.account), refusal))?;
        Ok(Self { caller, scopes, name: name.unwrap_or_default(), query })
    }
}

/// Which page of a list is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Items of a page.
    pub(super) limit: usize,
    /// Its number, from one.
    pub(super) page: usize,
}

impl Wanted {
    /// Items before the page.
    pub(super) const fn skip(self) -> usize {
        self.page.saturating_sub(1).saturating_mul(self.limit)
    }
}

impl Known {
    /// Refuses a key that may not do this.
    pub(super) fn needs(&self, api: &Api, scope: KeyScope) -> Result<(), Fault> {
        if self.scopes.contains(scope) {
            return Ok(());
        }
        let detail = format!("this needs a key with the scope `{scope}`");
        Err(self.refuse(api, Refusal::new(RefusalCode::Forbidden, detail)))
    }

    /// Counts a refusal and writes it.
    pub(super) fn refuse(&self, api: &Api, refusal: Refusal) -> Fault {
        api.counted(Some(self.caller.account), refusal).into()
    }

    /// Counts an error that no refusal stands for.
    pub(super) fn fault(&self, api: &Api, number: u16, message: &str) -> Fault {
        api.desk().note_refusal(Some(self.caller.account), RefusalCode::InvalidRequest);
        Fault::new(number, message)
    }

    /// Reads the body, which is JSON whatever it is called.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        api: &Api,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<T, Fault> {
        let read = async {
            let taken = api.read_known(headers, body, BODY_OCTETS_MAX).await?;
            parse_json(&taken.octets)
        };
        read.await.map_err(|refusal| self.refuse(api, refusal))
    }

    /// Reads `limit` and `page`.
    pub(super) fn wanted(&self, api: &Api) -> Result<Wanted, Fault> {
        let number = |name: &str, usual: usize, most: usize| match self.query.get(name) {
            None => Some(usual),
            Some(text) => text.parse::<usize>().ok().filter(|number| (1..=most).contains(number)),
        };
        let limit = number("limit", LIMIT_DEFAULT, LIMIT_MAX)
            .ok_or_else(|| self.fault(api, 135, "The limit must be 1 to 2000"))?;
        let page = number("page", 1, usize::MAX)
            .ok_or_else(|| self.fault(api, 136, "The page must be above zero"))?;
        Ok(Wanted { limit, page })
    }

    /// An account below the caller's, by its id.
    pub(super) fn below(&self, api: &Api, id: &str) -> Result<AccountId, Fault> {
        self.needs(api, KeyScope::Accounts)?;
        let found = parse_sid(id).and_then(|sid| api.desk().account_below(self.caller.account, sid));
        let missing = || Refusal::new(RefusalCode::NotFound, "there is no such subaccount");
        found.map(|view| view.account.id).ok_or_else(|| self.refuse(api, missing()))
    }
}
