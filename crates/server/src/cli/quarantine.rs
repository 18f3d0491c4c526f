//! `chappe quarantine`: what can be typed, and how the answers are shown.

use clap::{Subcommand, ValueEnum};
use serde_json::Value;

use super::show::{counted, plain, table};
use crate::admin::QuarantineRequest;

/// Why a message waits for a person.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Why {
    /// It crashed a worker twice.
    Quarantined,
    /// It comes from a backup, and may have been sent since that was made.
    Restored,
}

impl Why {
    fn name(self) -> String {
        let pause = match self {
            Self::Quarantined => types::message::Pause::Quarantined,
            Self::Restored => types::message::Pause::Restored,
        };
        pause.as_str().to_owned()
    }
}

/// What can be typed after `chappe quarantine`.
#[derive(Subcommand, Debug)]
pub(super) enum Action {
    /// List the messages that wait, newest first.
    List {
        /// Only those that wait for this reason.
        #[arg(long)]
        why: Option<Why>,
        /// How many, at most 200.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Tell what crashed, when and where.
    Show {
        /// The id, in any notation.
        id: String,
    },
    /// Let a message go on, or all that wait for one reason.
    #[command(
        after_help = "Example:\n  chappe quarantine release msg_01kq3v8w2rj5x7n4m6t9p0c1db\n  chappe quarantine release --all restored\n\nA quarantined message is tried once more; one more crash quarantines it again."
    )]
    Release {
        /// The id, in any notation.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// Every message that waits for this reason.
        #[arg(long, value_name = "WHY")]
        all: Option<Why>,
    },
    /// End a message, or all that wait for one reason; the customer is told and the price given back.
    #[command(
        after_help = "Example:\n  chappe quarantine fail msg_01kq3v8w2rj5x7n4m6t9p0c1db\n\nA message that a carrier may have does not end as failed but as unconfirmed or no_report."
    )]
    Fail {
        /// The id, in any notation.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// Every message that waits for this reason.
        #[arg(long, value_name = "WHY")]
        all: Option<Why>,
    },
}

impl Action {
    /// The request that this asks for.
    pub(super) fn request(self) -> anyhow::Result<QuarantineRequest> {
        Ok(match self {
            Self::List { why, limit } => QuarantineRequest::List { pause: why.map(Why::name), limit },
            Self::Show { id } => QuarantineRequest::Show { id },
            Self::Release { id: Some(id), .. } => QuarantineRequest::Release { id },
            Self::Release { all: Some(why), .. } => QuarantineRequest::ReleaseAll { pause: why.name() },
            Self::Fail { id: Some(id), .. } => QuarantineRequest::GiveUp { id },
            Self::Fail { all: Some(why), .. } => QuarantineRequest::GiveUpAll { pause: why.name() },
            Self::Release { .. } | Self::Fail { .. } => anyhow::bail!("name a message, or --all WHY"),
        })
    }
}

/// Writes the answer.
pub(super) fn text(request: &QuarantineRequest, value: &Value) -> String {
    match request {
        QuarantineRequest::List { .. } => {
            let columns = ["id", "account", "pause", "state", "since", "stage", "connector", "expires_at"];
            let mut text = table(value.get("items"), &columns);
            if value.get("more").and_then(Value::as_bool) == Some(true) {
                text.push_str(&format!(
                    "\nThere are more: {} quarantined, {} restored in all.\n",
                    plain(value.get("quarantined")),
                    plain(value.get("restored"))
                ));
            }
            text
        }
        QuarantineRequest::Show { .. } => show(value),
        QuarantineRequest::Release { .. } | QuarantineRequest::ReleaseAll { .. } => {
            format!("{} released.\n", counted(value.get("released"), "message"))
        }
        QuarantineRequest::GiveUp { .. } => {
            format!("1 message given up; it has ended as {}.\n", plain(value.get("state")))
        }
        QuarantineRequest::GiveUpAll { .. } => {
            format!("{} given up.\n", counted(value.get("given_up"), "message"))
        }
    }
}

fn show(value: &Value) -> String {
    let message = value.get("message");
    let of = |name: &str| plain(message.and_then(|message| message.get(name)));
    let mut text = format!(
        "{} of {}\nwaits because it is {}, in state {}, since {}\nworth sending until {}; its price is {}\n",
        of("id"),
        of("account"),
        plain(value.get("pause")),
        of("state"),
        plain(value.get("since")),
        plain(value.get("expires_at")),
        plain(value.get("charge")),
    );
    let crashes = table(value.get("crashes"), &["stage", "at", "connector", "attempt"]);
    text.push_str(&format!("\n{crashes}\nThe log has the place in the code of each crash.\n"));
    text
}
