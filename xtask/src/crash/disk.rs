//! File systems of our own under the data folder, so that their power can go and they can be full.
//!
//! The power cut is the shutdown call of XFS on a file system in a file: from that moment nothing reaches the
//! disk, and what was in memory only is lost, as with the power of a machine. Mounting needs root. Start at
//! [`Disk::xfs`].

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use crate::need::{self, Need, as_root};
use crate::process;

/// How long a file system may be busy after its last user has ended.
const UNMOUNT_LIMIT: Duration = Duration::from_secs(20);
/// Octets that a filler writes at once, and how small it goes before the disk counts as full.
const FILLER_OCTETS: usize = 1024 * 1024;

/// A mounted file system; dropping it unmounts it.
#[derive(Debug)]
pub(super) struct Disk {
    at: PathBuf,
    /// The file that the file system is in; none for one in memory.
    image: Option<PathBuf>,
}

impl Disk {
    /// Makes an XFS of that size in a file and mounts it.
    pub(super) fn xfs(image: &Path, at: &Path, mib: u64) -> anyhow::Result<Self> {
        need::provide(Need::Xfs)?;
        File::create(image)
            .and_then(|file| file.set_len(mib * 1024 * 1024))
            .with_context(|| format!("failed to make {}", image.display()))?;
        process::output(process::command("mkfs.xfs").arg("-q").arg(image))?;
        std::fs::create_dir_all(at)?;
        let disk = Self { at: at.to_owned(), image: Some(image.to_owned()) };
        disk.mount()?;
        disk.own()?;
        Ok(disk)
    }

    /// Mounts a file system of that size in memory.
    pub(super) fn memory(at: &Path, mib: u64) -> anyhow::Result<Self> {
        std::fs::create_dir_all(at)?;
        let size = format!("size={mib}m");
        mounting(as_root("mount")?.args(["-t", "tmpfs", "-o", &size, "none"]).arg(at))?;
        let disk = Self { at: at.to_owned(), image: None };
        disk.own()?;
        Ok(disk)
    }

    fn mount(&self) -> anyhow::Result<()> {
        let Some(image) = &self.image else { return Ok(()) };
        mounting(as_root("mount")?.args(["-o", "loop"]).arg(image).arg(&self.at))
    }

    /// Gives the file system to whoever runs this.
    fn own(&self) -> anyhow::Result<()> {
        let user = process::output(process::command("id").arg("-u"))?;
        process::output(as_root("chown")?.arg(user.trim()).arg(&self.at))?;
        process::output(process::command("chmod").arg("700").arg(&self.at)).map(drop)
    }

    /// What cuts the power when it is run: nothing is flushed before.
    pub(super) fn power_switch(&self) -> anyhow::Result<Command> {
        let mut command = as_root("xfs_io")?;
        command.args(["-x", "-c", "shutdown"]).arg(&self.at);
        Ok(command)
    }

    /// The machine starts again: what is on the disk is mounted. Nobody may use it before.
    pub(super) fn start_again(&self) -> anyhow::Result<()> {
        self.unmount()?;
        self.mount()
    }

    /// Removes everything, durably.
    pub(super) fn wipe(&self) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(&self.at)? {
            let path = entry?.path();
            if path.is_dir() { std::fs::remove_dir_all(&path)? } else { std::fs::remove_file(&path)? }
        }
        self.sync()
    }

    /// Writes everything that waits to the disk.
    pub(super) fn sync(&self) -> anyhow::Result<()> {
        process::output(process::command("sync").arg("-f").arg(&self.at)).map(drop)
    }

    /// Takes all room that is left. It is given back when the filler is dropped.
    pub(super) fn fill(&self) -> anyhow::Result<Filler> {
        let filler = Filler { path: self.at.join("filler") };
        let mut file = File::create(&filler.path)?;
        let octets = vec![0; FILLER_OCTETS];
        let mut size = FILLER_OCTETS;
        while let Some(piece) = octets.get(..size).filter(|piece| !piece.is_empty()) {
            match file.write(piece) {
                Ok(0) => size /= 2,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => size /= 2,
                Err(error) => return Err(error).context("failed to fill the disk"),
            }
        }
        // A file system may have promised more room than it has.
        match file.sync_all() {
            Err(error) if error.kind() != ErrorKind::StorageFull => {
                Err(error).context("failed to fill the disk")
            }
            _ => Ok(filler),
        }
    }

    fn unmount(&self) -> anyhow::Result<()> {
        process::wait_for("a file system that nobody uses", UNMOUNT_LIMIT, || {
            Ok(process::output(as_root("umount")?.arg(&self.at)).ok())
        })
        .map(drop)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.unmount().is_err() {
            // It goes away with its last user.
            drop(
                as_root("umount").and_then(|mut umount| process::output(umount.arg("--lazy").arg(&self.at))),
            );
        }
    }
}

/// A file that takes all room.
#[derive(Debug)]
pub(super) struct Filler {
    path: PathBuf,
}

impl Drop for Filler {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}

fn mounting(command: &mut Command) -> anyhow::Result<()> {
    process::output(command)
        .context("failed to mount a file system, which needs root and a kernel that allows it")
        .map(drop)
}
