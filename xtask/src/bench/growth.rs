//! What many messages do to a platform: its speed as it fills, its size on disk, and how it starts with them.
//!
//! Once each, in one data folder, which is left for the queue. Start at [`run`].

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use super::bars::{Limit, progress};
use super::figures::{Figures, per_mille};
use super::house::Administration;
use super::load::{Peer, configuration, count};
use super::stand::{CARRIERS, Engine, Place, Scene, Stand};
use super::traffic::{ACCOUNTS, not_taken};
use crate::process;

/// The last tenth against the first.
const LAST_TENTH_LIMIT_PER_MILLE: u64 = 850;
/// On disk for a message with all its evidence.
const OCTETS_LIMIT: u64 = 1_200;
const START_LIMIT_MS: u64 = 2_000;
/// Of so many stored messages, one more is open at the start.
const STORED_PER_OPEN: u64 = 50;
/// How long filling may take, and how long no receipt may come meanwhile.
const FILLING_LIMIT_S: u64 = 86_400;
const SILENCE_LIMIT_S: &str = "120";
/// The data folder is at rest when its size has not changed for so long.
const REST: Duration = Duration::from_secs(5);
const REST_LIMIT: Duration = Duration::from_secs(600);

/// Fills, measures and starts again; gives the folder.
pub(super) fn run(stand: &mut Stand, figures: &mut Figures) -> anyhow::Result<Place> {
    let place = stand.place(Engine::Sqlite)?;
    let empty = octets_of(&place.data())?;
    let server = place.start(&stand.tools, &stand.configuration)?;
    let scene = Scene { server, administration: Administration::new(&place.data()), place };
    let done = fill(stand, &scene, figures);
    let (stored, place) = scene.close(done)?;
    let octets = octets_of(&place.data())?.saturating_sub(empty);
    figures.add(
        "growth: kept on disk",
        octets / stand.settings.messages.max(1),
        "octets/message",
        Limit::AtMost(OCTETS_LIMIT),
    );
    let place = leave_open(stand, place, stored / STORED_PER_OPEN)?;
    start_again(stand, place, figures)
}

/// Sends all messages; gives how many are stored.
fn fill(stand: &Stand, scene: &Scene, figures: &mut Figures) -> anyhow::Result<u64> {
    let messages = stand.settings.messages;
    progress(&format!("growth: {messages} messages"));
    let (accounts, number) = (stand.accounts(Engine::Sqlite), messages.to_string());
    let traffic = stand.traffic(&accounts, FILLING_LIMIT_S);
    let further = ["--messages", &number, "--settle-seconds", SILENCE_LIMIT_S];
    let target = scene.server.value("CHAPPE_SMPP")?;
    let said = traffic.run(&traffic.smpp_words(target, "max", ACCOUNTS, &further))?;
    let (first, last) = first_and_last(&said, messages / 10).context("too few receipts have come")?;
    figures.tell("growth: all messages", count(&said, "/receipts/per_second"), "messages/s");
    figures.tell("growth: first tenth", first, "messages/s");
    figures.tell("growth: last tenth", last, "messages/s");
    let limit = Limit::AtLeast(LAST_TENTH_LIMIT_PER_MILLE);
    figures.add("growth: last tenth, of the first", per_mille(last, first), "1/1000", limit);
    figures.add("growth: refused or unanswered", not_taken(&said), "messages", Limit::AtMost(0));
    let missing = count(&said, "/receipts/missing");
    figures.add("growth: receipts missing", missing, "messages", Limit::AtMost(0));
    figures.tell("growth: peak memory", scene.memory_mib()?, "MiB");
    wait_for_rest(&scene.place.data())?;
    let stored = count(&scene.doctor("growth", figures)?, "/messages");
    figures.add("growth: messages stored", stored, "messages", Limit::AtLeast(messages));
    Ok(stored)
}

/// Messages per second of the first and of the last tenth.
fn first_and_last(said: &Value, tenth: u64) -> Option<(u64, u64)> {
    let listed = said.pointer("/receipts/tenths_us")?.as_array()?;
    let moments: Vec<u64> = listed.iter().filter_map(Value::as_u64).collect();
    let [first, .., before_last, last] = moments.as_slice() else { return None };
    let rate = |took_us: u64| tenth.saturating_mul(1_000_000) / took_us.max(1);
    (moments.len() == 10).then(|| (rate(*first), rate(last.saturating_sub(*before_last))))
}

/// Leaves messages open: their carriers take them and never send a receipt.
fn leave_open(stand: &Stand, place: Place, open: u64) -> anyhow::Result<Place> {
    progress(&format!("growth: leaving {open} messages open"));
    let silent = Peer::start(&stand.tools, &["responder", "--ports", CARRIERS, "--no-receipts"])?;
    let path = stand.folder().join("silent.toml");
    std::fs::write(&path, configuration(&silent.addresses)?)?;
    let server = place.start(&stand.tools, &path)?;
    let scene = Scene { server, administration: Administration::new(&place.data()), place };
    let send = || {
        let (accounts, number) = (stand.accounts(Engine::Sqlite), open.to_string());
        let traffic = stand.traffic(&accounts, FILLING_LIMIT_S);
        let further = ["--messages", &number, "--settle-seconds", "2"];
        let target = scene.server.value("CHAPPE_SMPP")?;
        traffic.run(&traffic.smpp_words(target, "max", ACCOUNTS, &further))
    };
    let sent = send();
    Ok(scene.close(sent)?.1)
}

/// Starts with all of them.
fn start_again(stand: &Stand, place: Place, figures: &mut Figures) -> anyhow::Result<Place> {
    progress("growth: starting with all of them");
    let begun = process::now();
    let server = place.start(&stand.tools, &stand.configuration)?;
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let scene = Scene { server, administration: Administration::new(&place.data()), place };
    figures.add("start-up: until it is ready", took_ms, "ms", Limit::AtMost(START_LIMIT_MS));
    let look = |figures: &mut Figures| {
        let doctor = scene.doctor("start-up", figures)?;
        figures.tell("start-up: messages stored", count(&doctor, "/messages"), "messages");
        let wanted = stand.settings.messages / STORED_PER_OPEN;
        figures.add("start-up: messages open", count(&doctor, "/open"), "messages", Limit::AtLeast(wanted));
        figures.tell("start-up: peak memory", scene.memory_mib()?, "MiB");
        anyhow::Ok(())
    };
    let looked = look(figures);
    Ok(scene.close(looked)?.1)
}

/// Waits until indexes are written and nothing grows any more.
fn wait_for_rest(data: &Path) -> anyhow::Result<()> {
    let (mut octets, mut since) = (0, process::now());
    process::wait_for("rest in the data folder", REST_LIMIT, || {
        let now = octets_of(data)?;
        if now != octets {
            (octets, since) = (now, process::now());
        }
        Ok((since.elapsed() >= REST).then_some(()))
    })
}

/// Octets of all files in a folder and the folders in it.
fn octets_of(folder: &Path) -> anyhow::Result<u64> {
    let mut octets = 0;
    for entry in std::fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))? {
        let entry = entry?;
        // A file may go while the platform runs.
        let Ok(metadata) = entry.metadata() else { continue };
        octets += if metadata.is_dir() { octets_of(&entry.path())? } else { metadata.len() };
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_and_the_last_tenth_are_compared() {
        let moments: Vec<u64> = (1..=9).chain([12]).map(|second| second * 1_000_000).collect();
        let said = json!({ "receipts": { "tenths_us": moments } });
        assert_eq!(first_and_last(&said, 30_000), Some((30_000, 10_000)));
        let said = json!({ "receipts": { "tenths_us": [1, 2, 3] } });
        assert_eq!(first_and_last(&said, 30_000), None, "the run has not come to its end");
        assert_eq!(first_and_last(&json!({}), 1), None);
    }

    #[test]
    fn a_folder_has_the_octets_of_all_its_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        std::fs::write(folder.path().join("a"), [0; 10]).unwrap();
        std::fs::write(folder.path().join("deep/b"), [0; 7]).unwrap();
        assert_eq!(octets_of(folder.path()).unwrap(), 17);
    }
}
