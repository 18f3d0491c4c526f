//! HTTP to SMPP with webhooks, in the native and in the PaaSoo dialect, and what the dialects differ by.
//!
//! Each dialect has a platform of its own. Start at [`round`].

use super::bars::{Limit, progress};
use super::figures::{Figures, per_mille};
use super::load::count;
use super::stand::{Engine, Scene, Stand};
use super::traffic::{Dialect, Told, Traffic, not_taken};

/// Messages per second, from the first request to the last webhook.
const LIMIT: u64 = 10_000;

/// One round of both dialects.
pub(super) fn round(stand: &mut Stand, figures: &mut Figures) -> anyhow::Result<()> {
    // Copies of the accounts are made here, before the first request against the web server.
    let mut cost_ns = Vec::new();
    for dialect in [Dialect::Native, Dialect::Paasoo] {
        let scene = match dialect {
            Dialect::Native => stand.scene(Engine::Sqlite)?,
            Dialect::Paasoo => stand.paasoo_scene()?,
        };
        let name = format!("http {}", dialect.name());
        let null = without_platform(stand, dialect, &name, figures);
        let done = null.and_then(|null| measure(stand, &scene, dialect, &name, null, figures));
        cost_ns.push(scene.close(done)?.0);
    }
    if let [native, paasoo] = cost_ns.as_slice() {
        figures.tell("http paasoo: processor per request, of native", per_mille(*paasoo, *native), "1/1000");
    }
    Ok(())
}

/// The same requests against a web server that answers at once.
fn without_platform(
    stand: &Stand,
    dialect: Dialect,
    name: &str,
    figures: &mut Figures,
) -> anyhow::Result<u64> {
    progress(&format!("{name}: customers against a web server, without a platform"));
    let accounts = stand.accounts(Engine::Sqlite);
    let target = stand.sink.addresses.first().map_or("", String::as_str);
    let said = stand.traffic(&accounts, stand.settings.seconds).http(target, dialect, &[])?;
    let rate = count(&said, "/acknowledged_per_second");
    figures.tell(format!("{name}: without a platform"), rate, "messages/s");
    Ok(rate)
}

/// Gives nanoseconds of the platform's processor per request.
fn measure(
    stand: &mut Stand,
    scene: &Scene,
    dialect: Dialect,
    name: &str,
    null: u64,
    figures: &mut Figures,
) -> anyhow::Result<u64> {
    progress(&format!("{name}: as fast as answers come"));
    scene.forget_memory()?;
    let (accounts, before) = (stand.accounts(Engine::Sqlite), stand.cpu(scene)?);
    let traffic = Traffic { tools: &stand.tools, accounts: &accounts, seconds: stand.settings.seconds };
    let told = traffic.http_told(scene.server.value("CHAPPE_HTTP")?, dialect, &mut stand.sink, &[])?;
    let after = stand.cpu(scene)?;
    let each_ns = |cpu_us: u64| cpu_us.saturating_mul(1_000) / told.taken.max(1);
    let platform_ns = each_ns(after.platform_us.saturating_sub(before.platform_us));
    tell_rates(&told, name, null, figures);
    figures.tell(format!("{name}: processor, platform"), platform_ns, "ns/message");
    let carriers_ns = each_ns(after.carriers_us.saturating_sub(before.carriers_us));
    figures.tell(format!("{name}: processor, carriers"), carriers_ns, "ns/message");
    figures.tell(
        format!("{name}: processor, customers"),
        each_ns(count(&told.said, "/cpu_us")),
        "ns/message",
    );
    figures.tell(format!("{name}: peak memory"), scene.memory_mib()?, "MiB");
    scene.doctor(name, figures)?;
    Ok(platform_ns)
}

fn tell_rates(told: &Told, name: &str, null: u64, figures: &mut Figures) {
    let (rate, said) = (told.per_second(), &told.said);
    figures.add(name, rate, "messages/s", Limit::AtLeast(LIMIT));
    let accepted = count(said, "/acknowledged_per_second");
    figures.tell(format!("{name}: acceptance alone"), accepted, "messages/s");
    figures.tell(format!("{name}: acceptance, against none between"), per_mille(accepted, null), "1/1000");
    figures.tell(format!("{name}: answer, median"), count(said, "/latency_us/p50"), "us");
    figures.tell(format!("{name}: answer, 99 %"), count(said, "/latency_us/p99"), "us");
    let calls = told.calls.saturating_mul(1_000) / told.elapsed_ms.max(1);
    figures.tell(format!("{name}: webhooks"), calls, "calls/s");
    figures.add(format!("{name}: refused or unanswered"), not_taken(said), "messages", Limit::AtMost(0));
}
