//! SMPP to SMPP with receipts: the highest rate and what it costs, latency below it, and a message that is alone.
//!
//! One round on a platform of its own. Start at [`round`].

use serde_json::Value;

use super::bars::{Limit, progress};
use super::disk;
use super::figures::{Figures, per_mille};
use super::load::count;
use super::stand::{Cpu, Engine, Scene, Stand};
use super::traffic::not_taken;

/// Messages per second, from the first message to the last receipt at its customer.
const SQLITE_LIMIT: u64 = 20_000;
const POSTGRES_LIMIT: u64 = 8_000;
/// Processor time of the platform's process.
const CPU_LIMIT_NS: u64 = 50_000;
/// Shares of the highest rate at which latency is measured, in per cent.
const SHARES: [u64; 3] = [25, 50, 80];
/// The one at which it is judged.
const JUDGED_SHARE: u64 = 50;
const LATENCY_LIMIT_US: u64 = 20_000;
/// A lone message may take so many durable appends of the disk, and so long besides.
const LONE_APPENDS: u64 = 3;
const LONE_BESIDES_US: u64 = 1_000;
/// Lone messages per second: each is done with, receipt and all, before the next.
const LONE_RATE: &str = "5";

/// The same customers against the carriers themselves: the limit of everything below. Gives messages per second.
pub(super) fn without_platform(stand: &Stand, engine: Engine, figures: &mut Figures) -> anyhow::Result<u64> {
    progress("customers against carriers, without a platform");
    let accounts = stand.accounts(engine);
    let target = stand.carriers.addresses.join(",");
    let said = stand.traffic(&accounts, stand.settings.seconds).smpp(&target, "max")?;
    let rate = count(&said, "/receipts/per_second");
    figures.tell("smpp without a platform", rate, "messages/s");
    figures.tell(
        "smpp without a platform: processor, customers",
        cpu_each(&said, count(&said, "/cpu_us")),
        "ns/message",
    );
    Ok(rate)
}

/// One round.
pub(super) fn round(
    stand: &mut Stand,
    engine: Engine,
    null: u64,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let scene = stand.scene(engine)?;
    let name = format!("smpp {}", engine.name());
    let done = measure(stand, &scene, engine, &name, null, figures);
    scene.close(done).map(drop)
}

fn measure(
    stand: &mut Stand,
    scene: &Scene,
    engine: Engine,
    name: &str,
    null: u64,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let highest = at_full_speed(stand, scene, engine, name, null, figures)?;
    for share in SHARES {
        at_share(stand, scene, engine, name, share, highest, figures)?;
    }
    lone(stand, scene, engine, name, figures)?;
    scene.doctor(name, figures).map(drop)
}

/// As fast as answers come; gives messages per second.
fn at_full_speed(
    stand: &mut Stand,
    scene: &Scene,
    engine: Engine,
    name: &str,
    null: u64,
    figures: &mut Figures,
) -> anyhow::Result<u64> {
    progress(&format!("{name}: as fast as answers come"));
    scene.forget_memory()?;
    let (accounts, before) = (stand.accounts(engine), stand.cpu(scene)?);
    let said =
        stand.traffic(&accounts, stand.settings.seconds).smpp(scene.server.value("CHAPPE_SMPP")?, "max")?;
    let after = stand.cpu(scene)?;
    let rate = count(&said, "/receipts/per_second");
    let limit = match engine {
        Engine::Sqlite => SQLITE_LIMIT,
        Engine::Postgres => POSTGRES_LIMIT,
    };
    figures.add(name, rate, "messages/s", Limit::AtLeast(limit));
    figures.tell(format!("{name}: against none between"), per_mille(rate, null), "1/1000");
    figures.tell(format!("{name}: acceptance alone"), count(&said, "/acknowledged_per_second"), "messages/s");
    figures.add(format!("{name}: refused or unanswered"), not_taken(&said), "messages", Limit::AtMost(0));
    let missing = count(&said, "/receipts/missing");
    figures.add(format!("{name}: receipts missing"), missing, "messages", Limit::AtMost(0));
    let repeated = count(&said, "/receipts/repeated");
    figures.tell(format!("{name}: receipts repeated"), repeated, "messages");
    tell_cost(engine, name, &said, before, after, figures);
    figures.tell(format!("{name}: peak memory"), scene.memory_mib()?, "MiB");
    Ok(rate)
}

/// Processor time of each process.
fn tell_cost(engine: Engine, name: &str, said: &Value, before: Cpu, after: Cpu, figures: &mut Figures) {
    let limit = match engine {
        Engine::Sqlite => Limit::AtMost(CPU_LIMIT_NS),
        Engine::Postgres => Limit::None,
    };
    let platform_us = after.platform_us.saturating_sub(before.platform_us);
    figures.add(format!("{name}: processor, platform"), cpu_each(said, platform_us), "ns/message", limit);
    let database_us =
        after.database_us.zip(before.database_us).map(|(after, before)| after.saturating_sub(before));
    let others = [
        ("database", database_us),
        ("carriers", Some(after.carriers_us.saturating_sub(before.carriers_us))),
        ("customers", Some(count(said, "/cpu_us"))),
    ];
    for (who, cpu_us) in others {
        if let Some(cpu_us) = cpu_us {
            figures.tell(format!("{name}: processor, {who}"), cpu_each(said, cpu_us), "ns/message");
        }
    }
}

/// Latency at a share of the highest rate.
fn at_share(
    stand: &Stand,
    scene: &Scene,
    engine: Engine,
    name: &str,
    share: u64,
    highest: u64,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let rate = (highest * share / 100).max(1);
    progress(&format!("{name}: {rate} messages a second, {share} % of the highest rate"));
    let accounts = stand.accounts(engine);
    let traffic = stand.traffic(&accounts, stand.settings.seconds);
    let said = traffic.smpp(scene.server.value("CHAPPE_SMPP")?, &rate.to_string())?;
    let name = format!("{name}: at {share} %");
    let limit = if share == JUDGED_SHARE { Limit::AtMost(LATENCY_LIMIT_US) } else { Limit::None };
    figures.tell(format!("{name}, answer, median"), count(&said, "/latency_us/p50"), "us");
    figures.add(format!("{name}, answer, 99 %"), count(&said, "/latency_us/p99"), "us", limit);
    figures.tell(format!("{name}, answer, longest"), count(&said, "/latency_us/max"), "us");
    figures.tell(format!("{name}, receipt, 99 %"), count(&said, "/receipts/latency_us/p99"), "us");
    figures.add(format!("{name}, refused or unanswered"), not_taken(&said), "messages", Limit::AtMost(0));
    Ok(())
}

/// A message that nobody shares the platform with.
fn lone(
    stand: &Stand,
    scene: &Scene,
    engine: Engine,
    name: &str,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    progress(&format!("{name}: one message at a time"));
    let appends = disk::durable_appends_per_second(stand.folder())?;
    let append_us = 1_000_000 / appends.max(1);
    figures.tell(format!("{name}: durable append of the disk"), append_us, "us");
    let accounts = stand.accounts(engine);
    let traffic = stand.traffic(&accounts, stand.settings.seconds);
    let target = scene.server.value("CHAPPE_SMPP")?;
    let said = traffic.run(&traffic.smpp_words(target, LONE_RATE, 1, &["--lone", "--in-flight", "1"]))?;
    let limit = LONE_APPENDS * append_us + LONE_BESIDES_US;
    let taken_us = count(&said, "/latency_us/p50");
    figures.add(format!("{name}: a lone message's answer, median"), taken_us, "us", Limit::AtMost(limit));
    figures.tell(format!("{name}: a lone message's answer, 90 %"), count(&said, "/latency_us/p90"), "us");
    let refused = not_taken(&said);
    figures.add(format!("{name}: lone messages refused"), refused, "messages", Limit::AtMost(0));
    Ok(())
}

/// Nanoseconds for each message that was promised.
fn cpu_each(said: &Value, cpu_us: u64) -> u64 {
    cpu_us.saturating_mul(1_000) / count(said, "/acknowledged").max(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cost_is_told_for_each_process_that_there_is() {
        let said = json!({ "acknowledged": 1_000, "cpu_us": 5_000 });
        let cpu = |platform_us, carriers_us, database_us| Cpu { platform_us, carriers_us, database_us };
        let mut figures = Figures::default();
        tell_cost(Engine::Sqlite, "a", &said, cpu(1_000, 0, None), cpu(52_000, 7_000, None), &mut figures);
        tell_cost(
            Engine::Postgres,
            "b",
            &said,
            cpu(0, 0, Some(5)),
            cpu(60_000, 0, Some(9_005)),
            &mut figures,
        );
        let told: Vec<_> = figures.all.iter().map(|figure| (figure.name.as_str(), figure.value())).collect();
        assert_eq!(
            told,
            [
                ("a: processor, platform", 51_000),
                ("a: processor, carriers", 7_000),
                ("a: processor, customers", 5_000),
                ("b: processor, platform", 60_000),
                ("b: processor, database", 9_000),
                ("b: processor, carriers", 0),
                ("b: processor, customers", 5_000),
            ]
        );
        assert!(!figures.all[0].bar().pass() && figures.all[3].bar().pass());
        assert_eq!(cpu_each(&json!({}), 5), 5_000);
    }
}
