//! `chappe keys`: API keys and SMPP logins of an account.

use clap::Subcommand;

use crate::admin::{KeyWishes, Request};

/// What can be done with keys.
#[derive(Subcommand, Debug)]
pub(super) enum Keys {
    /// List the API keys of an account, without their secrets.
    List {
        /// The account.
        account: String,
    },
    /// Make an API key, or an SMPP login with --smpp-login; the secret is printed once.
    #[command(
        after_help = "Examples:\n  chappe keys create acme\n  chappe keys create acme --label shop --scopes send,read --address 192.0.2.0/24"
    )]
    Create {
        /// The account.
        account: String,
        /// What you call the key.
        #[arg(long, default_value = "", conflicts_with = "smpp_login")]
        label: String,
        /// What it may do, with commas between: send, read, manage, and accounts, which lets it resell; the
        /// first three without it.
        #[arg(long, value_delimiter = ',', conflicts_with = "smpp_login")]
        scopes: Vec<String>,
        /// From where it may be used, e.g. 192.0.2.0/24; may stand several times; everywhere without it.
        #[arg(long = "address", conflicts_with = "smpp_login")]
        addresses: Vec<String>,
        /// When it ends, e.g. 2027-01-01T00:00:00Z; never without it.
        #[arg(long, conflicts_with = "smpp_login")]
        expires: Option<String>,
        /// Make a system id and password for SMPP.
        #[arg(long)]
        smpp_login: bool,
        /// The system id; one is made when it is left out.
        #[arg(long, requires = "smpp_login")]
        system_id: Option<String>,
    },
    /// Give an API key another secret, which is printed once; the one before stays good for a day.
    Rotate {
        /// The account.
        account: String,
        /// The key.
        key: String,
        /// Seconds for which the secret before stays good; 0 for none.
        #[arg(long, default_value_t = 86_400)]
        overlap: u32,
    },
    /// End an API key for good.
    Revoke {
        /// The account.
        account: String,
        /// The key.
        key: String,
    },
}

/// What is asked of the installation.
pub(super) fn request(keys: Keys) -> Request {
    match keys {
        Keys::List { account } => Request::Keys { account },
        Keys::Create { account, label, scopes, addresses, expires, smpp_login, system_id } => {
            let wishes = KeyWishes { label, scopes, addresses, expires_at: expires };
            Request::KeyCreate { account, smpp: smpp_login, system_id, wishes }
        }
        Keys::Rotate { account, key, overlap } => Request::KeyRotate { account, key, overlap_s: overlap },
        Keys::Revoke { account, key } => Request::KeyRevoke { account, key },
    }
}
