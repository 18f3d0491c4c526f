//! The command line as it is documented.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::accounts::Accounts;
use super::keys::Keys;
use super::{Cli, Command};

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

/// Every Markdown file of the repository that users read.
fn documents() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders = vec![root.join("docs")];
    let mut files = vec![root.join("README.md")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    };
    files.into_iter().map(read).collect()
}

/// Words as a shell would make them of a line with quotes and a comment.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for (place, piece) in line.split(['\'', '"']).enumerate() {
        if place % 2 == 1 {
            words.push(piece.to_owned());
            continue;
        }
        for word in piece.split_whitespace() {
            if word.starts_with('#') {
                return words;
            }
            words.push(word.to_owned());
        }
    }
    words
}

#[test]
fn every_documented_line_can_be_typed() {
    let mut lines: Vec<(PathBuf, String)> = Vec::new();
    let mut spans: Vec<(PathBuf, String)> = Vec::new();
    for (path, text) in documents() {
        let mut in_code = false;
        for line in text.lines() {
            if line.starts_with("```") {
                in_code = !in_code;
            } else if in_code && line.starts_with("chappe ") {
                lines.push((path.clone(), line.to_owned()));
            } else if !in_code {
                let quoted = line.split('`').skip(1).step_by(2).filter(|span| span.starts_with("chappe "));
                spans.extend(quoted.map(|span| (path.clone(), span.to_owned())));
            }
        }
    }
    // The examples in the help stand indented by two.
    let mut help = vec![Cli::command()];
    while let Some(command) = help.pop() {
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = after.lines().filter_map(|line| line.strip_prefix("  "));
        let place = PathBuf::from(command.get_name());
        lines.extend(examples.map(|line| (place.clone(), line.to_owned())));
        help.extend(command.get_subcommands().cloned());
    }
    assert!(lines.len() >= 10 && spans.len() >= 5, "{} {}", lines.len(), spans.len());
    for (place, line) in lines {
        if let Err(error) = Cli::try_parse_from(words(&line)) {
            panic!("{}: {line}\n{error}", place.display());
        }
    }
    // In a sentence a command may stand without what it is about, but not with what does not exist.
    for (place, span) in spans {
        match Cli::try_parse_from(words(&span)) {
            Ok(_) => {}
            Err(error) => {
                let incomplete = matches!(
                    error.kind(),
                    ErrorKind::MissingRequiredArgument
                        | ErrorKind::DisplayHelp
                        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                        | ErrorKind::DisplayVersion
                );
                assert!(incomplete, "{}: {span}\n{error}", place.display());
            }
        }
    }
}

#[test]
fn a_login_is_not_the_address_of_the_door() {
    let cli = Cli::try_parse_from(words("chappe keys create acme --smpp-login --smpp 127.0.0.1:0")).unwrap();
    assert_eq!(cli.options.smpp.map(|address| address.port()), Some(0));
    let Some(Command::Keys { action: Keys::Create { smpp_login, .. } }) = cli.command else { panic!() };
    assert!(smpp_login);
    let alone = Cli::try_parse_from(words("chappe keys create acme --system-id acme")).unwrap_err();
    assert_eq!(alone.kind(), ErrorKind::MissingRequiredArgument);
    let both = Cli::try_parse_from(words("chappe keys create acme --smpp-login --scopes send")).unwrap_err();
    assert_eq!(both.kind(), ErrorKind::ArgumentConflict);
}

#[test]
fn a_webhook_is_set_or_switched_off() {
    let cases = [
        ("chappe accounts webhook acme https://example.com/", Ok(Some("https://example.com/"))),
        ("chappe accounts webhook acme https://example.com/ --kind paasoo", Ok(Some("https://example.com/"))),
        ("chappe accounts webhook acme --off", Ok(None)),
        ("chappe accounts webhook acme", Err(ErrorKind::MissingRequiredArgument)),
        ("chappe accounts webhook acme https://example.com/ --off", Err(ErrorKind::ArgumentConflict)),
    ];
    for (line, expected) in cases {
        let parsed = Cli::try_parse_from(words(line)).map(|cli| match cli.command {
            Some(Command::Accounts { action: Some(Accounts::Webhook { url, .. }) }) => url,
            _ => panic!("{line}"),
        });
        let parsed = parsed.as_ref().map(Option::as_deref).map_err(clap::Error::kind);
        assert_eq!(parsed, expected, "{line}");
    }
}
