//! What the command line asks of the inventory of inbound numbers.
//!
//! Start at [`perform`].

use app::{Core, InboundNumberView, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use types::inbound::InboundNumber;
use types::refusal::Refusal;

use super::perform::{account_named, bad};

/// Numbers that one list shows at most; the inventory has no more.
const LISTED_MAX: usize = 100_000;

/// What may be asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub(crate) enum NumbersRequest {
    /// List them, of one account or all.
    List { account: Option<String> },
    /// Put those of a file into the inventory.
    Import { document: String },
    /// Give a free one to an account.
    Assign { number: String, account: String },
    /// Take one from whoever holds it.
    Release { number: String },
}

/// Carries out a request.
pub(super) async fn perform(core: &Core, request: NumbersRequest) -> Result<Value, Refusal> {
    match request {
        NumbersRequest::List { account } => {
            let account = account.map(|name| account_named(core, &name)).transpose()?;
            let scope = account.map_or(Scope::All, |account| Scope::Account(account.id));
            let views = core.inbound_numbers(scope, None, LISTED_MAX);
            Ok(json!({ "items": views.iter().map(brief).collect::<Vec<_>>() }))
        }
        NumbersRequest::Import { document } => {
            let numbers = read(core, &document)?;
            let lines = numbers.len();
            let changed = core.import_numbers(numbers).await?;
            Ok(json!({ "numbers": lines, "changed": changed }))
        }
        NumbersRequest::Assign { number, account } => {
            let (number, account) = (parse(&number)?, account_named(core, &account)?);
            core.assign_number(number, account.id).await?;
            Ok(json!({ "number": number.to_string(), "account": account.name }))
        }
        NumbersRequest::Release { number } => {
            let number = parse(&number)?;
            core.release_number(number).await?;
            Ok(json!({ "number": number.to_string() }))
        }
    }
}

/// Reads a file of numbers: `number` or `number,account` a line, with or without a line of these names.
fn read(core: &Core, document: &str) -> Result<Vec<(InboundNumber, Option<types::id::AccountId>)>, Refusal> {
    let lines = document.trim_start_matches('\u{feff}').lines().map(str::trim).enumerate();
    let is_head = |line: &str| line == "number" || line == "number,account";
    let told = lines.filter(|(place, line)| !line.is_empty() && (*place > 0 || !is_head(line)));
    let row = |(place, line): (usize, &str)| {
        let at = |detail: String| bad(format!("line {}: {detail}", place + 1));
        let (number, account) = line.split_once(',').unwrap_or((line, ""));
        let number = InboundNumber::parse(unquoted(number))
            .ok_or_else(|| at("expected a number with its country code, or a short code".to_owned()))?;
        let account = Some(unquoted(account)).filter(|name| !name.is_empty());
        let account = account.map(|name| account_named(core, name).map_err(|refusal| at(refusal.detail)));
        Ok((number, account.transpose()?.map(|account| account.id)))
    };
    told.map(row).collect()
}

/// A field of CSV without the quotation marks around it.
fn unquoted(field: &str) -> &str {
    let field = field.trim();
    field.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(field)
}

fn parse(text: &str) -> Result<InboundNumber, Refusal> {
    InboundNumber::parse(text).ok_or_else(|| bad(format!("{text:?} is no number and no short code")))
}

fn brief(view: &InboundNumberView) -> Value {
    json!({
        "number": view.number.to_string(),
        "account": view.account.as_ref().map(|(_, name)| name),
        "route": view.route.as_str(),
        "webhook": view.endpoint.map(|endpoint| endpoint.0.to_string()),
        "added_at": view.added_at.to_string(),
        "assigned_at": view.assigned_at.map(|at| at.to_string()),
    })
}
