//! Who may look into the files that hold keys, texts and secrets.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::{Check, Level};
use crate::folder::may_order;

/// The right to read or write of the group and of everybody else.
const OF_OTHERS: u32 = 0o066;
/// The right of everybody else to read, and of the group to write: the group of a configuration file is
/// how the service reads what root has written.
const OF_STRANGERS: u32 = 0o026;
/// The rights of the group and of everybody else.
const ANY_OF_OTHERS: u32 = 0o077;
/// Files that are the owner's alone, with how bad it is when they are not.
const PRIVATE: [(&str, Level); 9] = [
    (store::KEK_FILE, Level::Failure),
    (store::DATABASE_FILE, Level::Failure),
    ("chappe.db-wal", Level::Failure),
    ("tls/server-key.pem", Level::Failure),
    ("tls/ca-key.pem", Level::Failure),
    ("demo.env", Level::Failure),
    ("demo-logins.json", Level::Failure),
    ("admin.sock", Level::Failure),
    ("keys", Level::Warning),
];
/// Words in a configuration file after which a secret stands, unless it is named as a file or variable.
const SECRET_KEYS: [&str; 4] = ["password", "callback_token", "secret", "authorization"];

/// Looks at the folder, what is in it, and the configuration file.
pub(super) fn check(data: &Path, config_file: Option<&Path>) -> Check {
    let name = "files are their owner's alone";
    let mut found: Vec<(Level, String)> = Vec::new();
    found.extend(judge(data, "the data folder", ANY_OF_OTHERS, Level::Warning));
    for (file, level) in PRIVATE {
        found.extend(judge(&data.join(file), file, OF_OTHERS, level));
    }
    if let Some(file) = config_file.filter(|file| has_secrets(file)) {
        let what = format!("{}, which has passwords in it,", file.display());
        found.extend(judge(file, &what, OF_STRANGERS, Level::Failure));
    }
    let worst = [Level::Failure, Level::Warning]
        .into_iter()
        .find(|level| found.iter().any(|(found, _)| found == level));
    let said: Vec<String> = found.into_iter().map(|(_, what)| what).collect();
    Check::new(name, worst.unwrap_or(Level::Good), said.join("; "))
}

/// What is wrong with the rights of a file; nothing when it is not there.
fn judge(path: &Path, what: &str, forbidden: u32, level: Level) -> Option<(Level, String)> {
    let file = std::fs::symlink_metadata(path).ok()?;
    if file.file_type().is_symlink() {
        // Where it leads is the operator's choice, and judged there.
        return judge(&std::fs::canonicalize(path).ok()?, what, forbidden, level);
    }
    if !may_order(file.uid()) {
        return Some((Level::Failure, format!("{what} belongs to another user ({})", file.uid())));
    }
    if file.mode() & forbidden == 0 {
        return None;
    }
    let right = match (file.is_dir(), forbidden) {
        (true, _) => "700",
        (false, OF_STRANGERS) => "640",
        (false, _) => "600",
    };
    Some((level, format!("{what} can be used by others: chmod {right} {}", path.display())))
}

/// Whether a configuration file has secrets in it rather than their places.
fn has_secrets(file: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(file) else { return false };
    text.lines().any(|line| {
        let Some((key, value)) = line.split_once('=') else { return false };
        let value = value.trim().trim_start_matches(['"', '\'']);
        let is_named = value.starts_with("file:") || value.starts_with("env:");
        !line.trim_start().starts_with('#') && !is_named && SECRET_KEYS.contains(&key.trim())
    })
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;

    use super::{Level, check, has_secrets};

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn rights_of_others_are_told_with_what_to_type() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        set(data, 0o700);
        std::fs::create_dir(data.join("keys")).unwrap();
        set(&data.join("keys"), 0o700);
        let kek = data.join("keys/kek");
        std::fs::write(&kek, "key").unwrap();
        let config = data.join("chappe.toml");
        std::fs::write(&config, "password = \"hidden\"\n").unwrap();
        let cases: &[(&Path, u32, u32, Level, &str)] = &[
            (&kek, 0o600, 0o600, Level::Good, ""),
            (&kek, 0o640, 0o600, Level::Failure, "keys/kek can be used by others: chmod 600 "),
            (&kek, 0o602, 0o600, Level::Failure, "keys/kek"),
            (data, 0o755, 0o700, Level::Warning, "the data folder can be used by others: chmod 700 "),
            (&config, 0o644, 0o600, Level::Failure, "chappe.toml, which has passwords in it,"),
            (&config, 0o660, 0o600, Level::Failure, "chmod 640 "),
            (&config, 0o640, 0o600, Level::Good, ""),
        ];
        set(&config, 0o600);
        for (path, mode, right, level, detail) in cases {
            set(path, *mode);
            let found = check(data, Some(&config));
            assert_eq!(found.level, *level, "{found:?}");
            assert!(found.detail.contains(detail) && !found.detail.contains("hidden"), "{found:?}");
            set(path, *right);
        }
        // A key on another disk is judged where it lies.
        let elsewhere = data.join("elsewhere");
        std::fs::rename(&kek, &elsewhere).unwrap();
        symlink(&elsewhere, &kek).unwrap();
        assert_eq!(check(data, None).level, Level::Good);
        set(&elsewhere, 0o644);
        assert_eq!(check(data, None).level, Level::Failure);
    }

    #[test]
    fn secrets_are_told_from_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chappe.toml");
        for (text, expected) in [
            ("password = \"x\"", true),
            ("  callback_token='x'", true),
            ("password = \"env:ACME\"", false),
            ("password = 'file:/run/secrets/acme'", false),
            ("# password = \"x\"", false),
            ("host = \"password\"", false),
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(has_secrets(&file), expected, "{text}");
        }
    }
}
