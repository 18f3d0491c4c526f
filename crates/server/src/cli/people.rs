//! What can be typed of people who sign in: users of accounts, and staff.

use clap::Subcommand;

/// `chappe users`.
#[derive(Subcommand, Debug)]
pub(super) enum Users {
    /// Make a user of an account; the password is read from standard input.
    Create {
        /// The account.
        account: String,
        /// E-mail address.
        email: String,
        /// account_owner, account_developer or account_viewer.
        #[arg(long, default_value = "account_owner")]
        role: String,
    },
}

/// `chappe staff`.
#[derive(Subcommand, Debug)]
pub(super) enum Staff {
    /// Make a member of staff; the password is read from standard input.
    Create {
        /// E-mail address.
        email: String,
        /// staff_admin, staff_operations or staff_support.
        #[arg(long, default_value = "staff_admin")]
        role: String,
    },
}
