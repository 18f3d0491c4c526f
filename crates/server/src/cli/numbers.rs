//! `chappe numbers`: what can be typed, and how the answers are shown.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::Value;

use super::show::{counted, plain, table};
use crate::admin::NumbersRequest;

/// What can be typed after `chappe numbers`.
#[derive(Subcommand, Debug)]
pub(super) enum Action {
    /// List the numbers, in their order.
    List {
        /// Of this account only.
        #[arg(long)]
        account: Option<String>,
    },
    /// Put the numbers of a CSV file into the inventory: all of them or none.
    #[command(
        after_help = "Example:\n  chappe numbers import numbers.csv\n\nA line is a number with its country code, or a short code; behind a comma may stand the account that holds it, as in 447400999000,acme. A number that is there already stays with whoever holds it. A file has at most 5,000 lines."
    )]
    Import {
        /// The file.
        file: PathBuf,
    },
    /// Give a free number to an account: it gets what phones write to it.
    Assign {
        /// The number or short code.
        number: String,
        /// The account.
        account: String,
    },
    /// Take a number from whoever holds it.
    Release {
        /// The number or short code.
        number: String,
    },
}

impl Action {
    /// The request that this asks for.
    pub(super) fn request(self) -> anyhow::Result<NumbersRequest> {
        Ok(match self {
            Self::List { account } => NumbersRequest::List { account },
            Self::Import { file } => NumbersRequest::Import { document: super::read(&file)? },
            Self::Assign { number, account } => NumbersRequest::Assign { number, account },
            Self::Release { number } => NumbersRequest::Release { number },
        })
    }
}

/// Writes the answer.
pub(super) fn text(request: &NumbersRequest, value: &Value) -> String {
    match request {
        NumbersRequest::List { .. } => {
            table(value.get("items"), &["number", "account", "route", "webhook", "assigned_at"])
        }
        NumbersRequest::Import { .. } => format!(
            "{} read, {} new or assigned.\n",
            counted(value.get("numbers"), "number"),
            plain(value.get("changed"))
        ),
        NumbersRequest::Assign { .. } => {
            format!("{} is held by {} now.\n", plain(value.get("number")), plain(value.get("account")))
        }
        NumbersRequest::Release { .. } => format!("{} is free now.\n", plain(value.get("number"))),
    }
}
