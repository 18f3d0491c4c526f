//! `chappe contacts`: what can be typed, and how the answers are shown.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::Value;

use super::show::{counted, plain, table};
use crate::admin::ContactsRequest;

/// What can be typed after `chappe contacts`.
#[derive(Subcommand, Debug)]
pub(super) enum Action {
    /// Keep the contacts of a CSV file: new ones, and what the file says of those that are there.
    #[command(
        after_help = "Example:\n  chappe contacts import customers.csv --account acme --group customers\n\nThe first line names the columns: number, and name, language, time_zone where there are any; every other column is an attribute, which can stand in a text as {its name}. Commas, semicolons or tabs stand between cells. A line that cannot be read refuses the file before anything is kept."
    )]
    Import {
        /// The file.
        file: PathBuf,
        /// Whose contacts they are.
        #[arg(long)]
        account: String,
        /// Put all of them into the group of this name, which is made when it is new.
        #[arg(long)]
        group: Option<String>,
    },
    /// List the groups of an account, newest first.
    Groups {
        /// The account.
        account: String,
    },
}

impl Action {
    /// The request that this asks for.
    pub(super) fn request(self) -> anyhow::Result<ContactsRequest> {
        Ok(match self {
            Self::Import { file, account, group } => {
                ContactsRequest::Import { account, document: super::read(&file)?, group }
            }
            Self::Groups { account } => ContactsRequest::Groups { account },
        })
    }
}

/// Writes the answer.
pub(super) fn text(request: &ContactsRequest, value: &Value) -> String {
    match request {
        ContactsRequest::Import { .. } => format!(
            "{} read, {} new, {} changed.\n",
            counted(value.get("contacts"), "contact"),
            plain(value.get("added")),
            plain(value.get("changed"))
        ),
        ContactsRequest::Groups { .. } => {
            table(value.get("items"), &["id", "name", "contacts", "description"])
        }
    }
}
