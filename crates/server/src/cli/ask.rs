//! What is read from standard input: passwords, and texts that should stand on no command line, where
//! every user of the machine can see them.

use std::io::{IsTerminal as _, Read as _};

use anyhow::Context;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Octets of a text or password.
const INPUT_OCTETS_MAX: u64 = 64 * 1024;
/// Stands for standard input.
const FROM_INPUT: &str = "-";

/// A text as it was typed, or from standard input.
pub(super) fn text(typed: String) -> anyhow::Result<String> {
    if typed != FROM_INPUT {
        return Ok(typed);
    }
    let mut text = String::new();
    std::io::stdin().take(INPUT_OCTETS_MAX).read_to_string(&mut text).context("cannot read the text")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A password, which is not shown while it is typed.
pub(super) fn password() -> anyhow::Result<String> {
    super::complain("Password (12 characters or more), then Enter: ");
    let hidden = Hidden::begin();
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    if hidden.is_some() {
        super::complain("\n");
    }
    drop(hidden);
    read.context("cannot read the password")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A terminal that shows nothing of what is typed, until it is dropped.
struct Hidden(Termios);

impl Hidden {
    /// `None` when standard input is no terminal.
    fn begin() -> Option<Self> {
        let input = std::io::stdin();
        if !input.is_terminal() {
            return None;
        }
        let before = tcgetattr(&input).ok()?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&input, OptionalActions::Flush, &silent).ok()?;
        Some(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0).is_err() {
            super::complain("the terminal may not show what you type; `stty echo` corrects it\n");
        }
    }
}
