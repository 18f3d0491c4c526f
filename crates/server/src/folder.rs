//! The data folder as a place on this machine: whose it is, who can look into it, and the small files
//! in it that are no part of the store.
//!
//! Another user of the machine is a stranger: a folder that others can write is refused, a file is
//! never written through a link, and what holds a secret is the owner's alone. Start at [`prepare`].

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ports::entropy::Entropy;

use crate::demo::ENV_FILE;

/// The file that keeps the installation's name.
const INSTANCE_FILE: &str = "instance";
/// The superuser.
const ROOT: u32 = 0;
/// The right to write of everybody else on the machine.
const OTHERS_WRITE: u32 = 0o002;

/// Makes the data folder, or checks that the one that is there may be trusted.
pub(crate) fn prepare(data: &Path) -> anyhow::Result<()> {
    make_private_folder(data)?;
    let found =
        std::fs::metadata(data).with_context(|| format!("cannot look at the folder {}", data.display()))?;
    let own = own_user();
    if own != ROOT && found.uid() != own {
        bail!(
            "the data folder {} belongs to another user of this machine (number {}); name one of your own \
             with --data",
            data.display(),
            found.uid()
        );
    }
    if found.mode() & OTHERS_WRITE != 0 {
        bail!(
            "everybody on this machine can write into the data folder {0}; look whether anything in it is \
             foreign, then take the right away with: chmod 700 {0}",
            data.display()
        );
    }
    Ok(())
}

/// Makes a folder for its owner alone; one that is there stays as it is.
pub(crate) fn make_private_folder(folder: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("cannot make the folder {}", folder.display()))
}

/// The user as whom this process acts.
pub(crate) fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether a user of this machine may give orders: its owner, or the superuser.
pub(crate) fn may_order(user: u32) -> bool {
    user == own_user() || user == ROOT
}

/// Writes a file that only its owner may read, whole or not at all. What stands there is replaced and
/// never written through, so that a link that somebody has laid leads nowhere.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let draft = PathBuf::from(name);
        remove(&draft)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes demo.env: what it says holds only while the server runs that wrote it.
pub(crate) fn remove_card(data: &Path) -> anyhow::Result<()> {
    remove(&data.join(ENV_FILE)).with_context(|| format!("cannot remove {ENV_FILE}"))
}

/// Removes the demo.env of an earlier start that could not do so itself. One that belongs to a server
/// which runs on the folder now stays: this process is about to be refused.
pub(crate) fn remove_stale_card(data: &Path) -> anyhow::Result<()> {
    let lock = File::open(data.join(store::LOCK_FILE));
    if lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(std::fs::TryLockError::WouldBlock))) {
        return Ok(());
    }
    remove_card(data)
}

/// The name by which this installation answers binds, made when there is none.
pub(crate) fn instance_name(data: &Path, entropy: &dyn Entropy) -> anyhow::Result<String> {
    let path = data.join(INSTANCE_FILE);
    let known = match std::fs::read_to_string(&path) {
        Ok(name) => name.trim().to_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    if !known.is_empty() {
        return Ok(known);
    }
    let name = format!("chappe-{:06x}", entropy.next_u64() & 0xff_ffff);
    write_private(&path, &name)?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::{instance_name, prepare, remove_card, write_private};
    use crate::host::SystemEntropy;

    fn mode(path: &std::path::Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_folder_is_made_for_its_owner_and_refused_when_everybody_may_write() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("a/b");
        prepare(&data).unwrap();
        assert_eq!(mode(&data), 0o700);
        for (bits, is_good) in [(0o755, true), (0o770, true), (0o777, false), (0o1777, false), (0o702, false)]
        {
            std::fs::set_permissions(&data, std::fs::Permissions::from_mode(bits)).unwrap();
            let outcome = prepare(&data);
            assert_eq!(outcome.is_ok(), is_good, "{bits:o}: {outcome:?}");
        }
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(prepare(&file).is_err());
    }

    #[test]
    fn secrets_are_not_written_through_a_link_or_into_a_file_that_others_read() {
        let folder = tempfile::tempdir().unwrap();
        let (path, trap) = (folder.path().join("demo.env"), folder.path().join("trap"));
        for name in ["demo.env", "demo.env.new"] {
            std::fs::write(&trap, "bait").unwrap();
            symlink(&trap, folder.path().join(name)).unwrap();
            write_private(&path, "secret").unwrap();
            assert_eq!(std::fs::read_to_string(&trap).unwrap(), "bait", "{name}");
            assert!(path.symlink_metadata().unwrap().is_file());
            assert_eq!((std::fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("secret", 0o600));
            std::fs::remove_file(&path).unwrap();
        }
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        write_private(&path, "new").unwrap();
        assert_eq!((std::fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("new", 0o600));
        remove_card(folder.path()).unwrap();
        remove_card(folder.path()).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn an_installation_keeps_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let entropy = SystemEntropy::new();
        let name = instance_name(folder.path(), &entropy).unwrap();
        assert!(name.starts_with("chappe-") && name.len() == 13, "{name}");
        assert_eq!(instance_name(folder.path(), &entropy).unwrap(), name);
        // A power cut may have left it empty.
        std::fs::write(folder.path().join("instance"), "").unwrap();
        assert!(!instance_name(folder.path(), &entropy).unwrap().is_empty());
        std::fs::write(folder.path().join("instance"), [0xff, 0xfe]).unwrap();
        assert!(instance_name(folder.path(), &entropy).is_err());
    }
}
