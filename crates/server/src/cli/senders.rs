//! `chappe senders`, `chappe templates` and `chappe signatures`: what can be typed, and how the answers are shown.

use clap::{Args, Subcommand};
use serde_json::Value;
use types::resource::ResourceKind;

use super::show::{plain, table};
use crate::admin::SendersRequest;

/// What can be typed after any of them.
#[derive(Subcommand, Debug)]
pub(super) enum Action {
    /// List what customers have asked for, newest first.
    List {
        /// Of this account only.
        #[arg(long)]
        account: Option<String>,
        /// In this state only: pending, approved, rejected or revoked.
        #[arg(long)]
        state: Option<String>,
    },
    /// Approve one of an account.
    Approve(Review),
    /// Reject one of an account.
    Reject(Review),
    /// Take the approval of one back.
    Revoke(Review),
}

/// What is reviewed, and what is said of it.
#[derive(Args, Debug)]
pub(super) struct Review {
    /// The account.
    account: String,
    /// The sender, the name of the template, or the signature.
    name: String,
    /// What the account is told.
    #[arg(long, default_value = "")]
    note: String,
}

impl Action {
    /// The request that this asks for.
    pub(super) fn request(self, kind: ResourceKind) -> SendersRequest {
        let kind = kind.to_string();
        let review = |Review { account, name, note }: Review, state: &str| SendersRequest::Review {
            kind: kind.clone(),
            account,
            name,
            state: state.to_owned(),
            note,
        };
        match self {
            Self::List { account, state } => SendersRequest::List { kind, account, state },
            Self::Approve(what) => review(what, "approved"),
            Self::Reject(what) => review(what, "rejected"),
            Self::Revoke(what) => review(what, "revoked"),
        }
    }
}

/// Writes the answer.
pub(super) fn text(request: &SendersRequest, value: &Value) -> String {
    match request {
        SendersRequest::List { .. } => {
            table(value.get("items"), &["account", "name", "state", "says", "asked_at"])
        }
        SendersRequest::Review { .. } => format!(
            "{} of {} is {} now.\n",
            plain(value.get("name")),
            plain(value.get("account")),
            plain(value.get("state"))
        ),
    }
}
