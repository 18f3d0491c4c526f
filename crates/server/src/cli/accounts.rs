//! `chappe accounts`: customers and resellers, their limits, their value and where they are told of events.

use clap::Subcommand;

use crate::admin::Request;

/// What can be done with accounts.
#[derive(Subcommand, Debug)]
pub(super) enum Accounts {
    /// Make an account.
    Create {
        /// Its name.
        name: String,
        /// The reseller above it, an account by its name.
        #[arg(long)]
        parent: Option<String>,
        /// The price book that it buys from.
        #[arg(long)]
        price_book: Option<String>,
        /// The region of its data, e.g. eu; without it the profile's.
        #[arg(long)]
        region: Option<String>,
        /// Let it be called back at private addresses and over plain HTTP, e.g. within your own network.
        #[arg(long)]
        allow_private_callbacks: bool,
    },
    /// Set what it may do at once; what is left out stays, and 0 lifts a limit.
    Limits {
        /// The account.
        account: String,
        /// Messages per second over all doors.
        #[arg(long)]
        rate: Option<u32>,
        /// Unanswered PDUs of one SMPP session.
        #[arg(long)]
        window: Option<u32>,
        /// SMPP sessions at once.
        #[arg(long)]
        binds: Option<u32>,
        /// Seconds in which the same text to the same number is refused, in the dialects that promise it.
        #[arg(long)]
        repeat_guard: Option<u32>,
    },
    /// Let it send nothing; neither does any account below it.
    Suspend {
        /// The account.
        account: String,
    },
    /// Let it send again.
    Activate {
        /// The account.
        account: String,
    },
    /// Close it: its keys and logins open nothing any more.
    Close {
        /// The account.
        account: String,
    },
    /// Move value from one account to another, e.g. '25.00 EUR'.
    Transfer {
        /// The account that gives.
        from: String,
        /// The account that gets.
        to: String,
        /// Amount and unit.
        amount: String,
    },
    /// Set where events are told of messages that state no address themselves.
    Webhook {
        /// The account.
        account: String,
        /// The address; one that was switched off by a 410 is switched on again.
        #[arg(required_unless_present = "off", conflicts_with = "off")]
        url: Option<String>,
        /// webhook (signed JSON by POST), or the name of a dialect that tells in its own way, such as paasoo.
        #[arg(long, default_value = "webhook")]
        kind: String,
        /// Tell them nowhere.
        #[arg(long)]
        off: bool,
    },
    /// Tell events again that were given up: nobody took them, or their address was switched off.
    Replay {
        /// The account.
        account: String,
        /// At this address only, written as it was set.
        #[arg(long)]
        url: Option<String>,
    },
    /// Grant value, e.g. '100.00 EUR'.
    TopUp {
        /// The account.
        account: String,
        /// Amount and unit.
        amount: String,
        /// Where it came from.
        #[arg(long, default_value = "manual")]
        source: String,
    },
}

/// What is asked of the installation.
pub(super) fn request(action: Option<Accounts>) -> Request {
    match action {
        None => Request::Accounts,
        Some(Accounts::Create { name, parent, price_book, region, allow_private_callbacks }) => {
            Request::AccountCreate { name, parent, price_book, region, allow_private_callbacks }
        }
        Some(Accounts::Limits { account, rate, window, binds, repeat_guard }) => {
            Request::AccountLimits { account, rate, window, binds, repeat_guard }
        }
        Some(Accounts::Suspend { account }) => state_of(account, "suspended"),
        Some(Accounts::Activate { account }) => state_of(account, "active"),
        Some(Accounts::Close { account }) => state_of(account, "closed"),
        Some(Accounts::Transfer { from, to, amount }) => Request::Transfer { from, to, amount },
        Some(Accounts::Webhook { account, url, kind, .. }) => Request::AccountWebhook { account, url, kind },
        Some(Accounts::Replay { account, url }) => Request::AccountReplay { account, url },
        Some(Accounts::TopUp { account, amount, source }) => Request::TopUp { account, amount, source },
    }
}

fn state_of(account: String, state: &str) -> Request {
    Request::AccountState { account, state: state.to_owned() }
}
