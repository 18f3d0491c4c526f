//! Commands about operators' terms. They look at files and need no platform.

use types::time::Timestamp;

use super::{profile, rules, simulate};

/// The commands.
#[derive(clap::Subcommand, Debug)]
pub(crate) enum Terms {
    /// Profiles of operators: check one, explain one, compare two.
    Profile {
        #[command(subcommand)]
        action: profile::ProfileAction,
    },
    /// Play years of an account under a profile's terms, and print what happens when.
    #[command(
        after_help = "Example:\n  chappe simulate --profile profiles/reseller.toml --scenario scenario.toml\n\nA scenario is a TOML file: opened = \"2026-01-01\", until = \"2028-12-31\", and for each thing that happens\n[[event]] with at = \"2026-01-15\", what = \"top_up\" and amount = \"2000 sms\". Events: sign_in, top_up,\nsend_sms, send_other, registration_changes, registration_is_updated, offline_contract, notice (by), \nbreach_is_told, breach_is_cured, end_for_breach, confirm (rule), refund, reminder_bounces (rule)."
    )]
    Simulate(simulate::SimulateOptions),
    /// How far the rules of operators' terms are carried out, as tests show.
    Rules(rules::RulesOptions),
}

impl Terms {
    /// Carries one out.
    pub(crate) fn run(&self, now: Timestamp, is_json: bool) -> anyhow::Result<()> {
        match self {
            Self::Profile { action } => profile::run(action, now, is_json),
            Self::Simulate(options) => simulate::run(options, is_json),
            Self::Rules(options) => rules::run(options, is_json),
        }
    }
}
