//! `cargo xtask bench sms`, the quick judge: messages from 1,000 customers of skewed size through the platform to
//! four carriers and their receipts back, once, against bars that a busy machine holds too.
//!
//! Every promise is durable, charged, encrypted and journalled before it is given. Customers, platform and
//! carriers share the machine; the same customers against the same carriers without a platform in between are
//! the yardstick. Start at [`run`].

use std::path::Path;

use anyhow::Context as _;

use super::bars::{Bars, Limit, progress};
use super::figures::per_mille;
use super::house::{Administration, imbalance_micros};
use super::load::{Peer, Tools, configuration, count};
use super::stand::CARRIERS;
use super::traffic::{ACCOUNTS, Dialect, Traffic, not_taken};
use super::{BenchArguments, disk, usage};
use crate::server::Server;

/// Messages per second, from the first to the last receipt at the customer.
const SMPP_LIMIT: u64 = 10_000;
/// Half of that is the pace at which latency is measured.
const PACE: &str = "5000";
const LATENCY_LIMIT_US: u64 = 50_000;
const HTTP_LIMIT: u64 = 5_000;
const MEMORY_LIMIT_MIB: u64 = 500;
/// What `--million` stores.
const MILLION: u64 = 1_000_000;
/// How long each piece of it is sent.
const FILLING_S: u64 = 30;

/// A platform under measurement with everybody around it.
struct Bench {
    tools: Tools,
    seconds: u64,
    carrier: Peer,
    server: Server,
    administration: Administration,
    accounts: String,
    bars: Bars,
}

/// Measures and judges.
pub(super) fn run(arguments: &BenchArguments) -> anyhow::Result<()> {
    let tools = Tools::build_or_take(arguments.binary.as_deref(), arguments.load.as_deref())?;
    let folder = tempfile::tempdir_in(&tools.target).context("failed to make a temporary folder")?;
    let mut bars = Bars::new(arguments.json);
    bars.add(
        "durable appends of the disk",
        disk::durable_appends_per_second(folder.path())?,
        "1/s",
        Limit::None,
    );
    let mut bench = Bench::open(tools, folder.path(), bars, arguments.seconds)?;
    let done = bench.measure(arguments.million);
    let Bench { server, bars, .. } = bench;
    done.map_err(|error| server.explained(&error))?;
    server.terminate()?;
    bars.finish()
}

impl Bench {
    /// Starts carriers and platform, and makes the accounts.
    fn open(tools: Tools, folder: &Path, bars: Bars, seconds: u64) -> anyhow::Result<Self> {
        let carrier = Peer::start(&tools, &["responder", "--ports", CARRIERS])?;
        let (config, data) = (folder.join("chappe.toml"), folder.join("data"));
        std::fs::write(&config, configuration(&carrier.addresses)?)?;
        let server = Server::start(&tools.chappe, &data, &["--config", &config.to_string_lossy()])?;
        progress("making 1,000 accounts");
        let administration = Administration::new(&data);
        let lines = administration.make_accounts(ACCOUNTS).map_err(|error| server.explained(&error))?;
        let accounts = folder.join("accounts");
        std::fs::write(&accounts, lines)?;
        Ok(Self {
            tools,
            seconds,
            carrier,
            server,
            administration,
            accounts: accounts.to_string_lossy().into_owned(),
            bars,
        })
    }

    fn measure(&mut self, million: bool) -> anyhow::Result<()> {
        let null = self.without_platform()?;
        self.at_full_speed(null)?;
        self.at_half_speed()?;
        self.over_http(null)?;
        if million {
            self.fill_with_a_million()?;
        }
        let doctor = self.administration.doctor()?;
        let stored = count(&doctor, "/messages");
        let off_by = imbalance_micros(&doctor)?;
        let peak = usage::memory_peak_mib(self.server.process_id())?;
        self.bars.add(
            "messages stored",
            stored,
            "",
            if million { Limit::AtLeast(MILLION) } else { Limit::None },
        );
        self.bars.add("ledger off by", off_by, "micro-units", Limit::AtMost(0));
        self.bars.add("peak memory", peak, "MiB", Limit::AtMost(MEMORY_LIMIT_MIB));
        Ok(())
    }

    /// The same customers against the carriers themselves; gives messages per second.
    fn without_platform(&mut self) -> anyhow::Result<u64> {
        progress("customers against carriers, without a platform");
        let target = self.carrier.addresses.join(",");
        let said = self.traffic(self.seconds).smpp(&target, "max")?;
        let rate = count(&said, "/receipts/per_second");
        self.bars.add("smpp without a platform", rate, "messages/s", Limit::None);
        Ok(rate)
    }

    fn at_full_speed(&mut self, null: u64) -> anyhow::Result<()> {
        progress("SMPP to SMPP at full speed");
        let before = self.cpu_us()?;
        let said = self.traffic(self.seconds).smpp(self.server.value("CHAPPE_SMPP")?, "max")?;
        let after = self.cpu_us()?;
        let rate = count(&said, "/receipts/per_second");
        let bars = &mut self.bars;
        bars.add("smpp to smpp, with receipts", rate, "messages/s", Limit::AtLeast(SMPP_LIMIT));
        bars.add("smpp to smpp, against none between", per_mille(rate, null), "1/1000", Limit::None);
        bars.add(
            "smpp acceptance alone",
            count(&said, "/acknowledged_per_second"),
            "messages/s",
            Limit::None,
        );
        bars.add("smpp refused or unanswered", not_taken(&said), "messages", Limit::AtMost(0));
        bars.add("receipts missing", count(&said, "/receipts/missing"), "messages", Limit::AtMost(0));
        bars.add("receipts repeated", count(&said, "/receipts/repeated"), "messages", Limit::None);
        let messages = count(&said, "/acknowledged").max(1);
        let cost = [
            ("processor, platform", after.0.saturating_sub(before.0)),
            ("processor, carriers", after.1.saturating_sub(before.1)),
            ("processor, customers", count(&said, "/cpu_us")),
        ];
        for (name, cpu_us) in cost {
            bars.add(name, cpu_us / messages, "us/message", Limit::None);
        }
        Ok(())
    }

    fn at_half_speed(&mut self) -> anyhow::Result<()> {
        progress("SMPP to SMPP at 5,000 messages a second");
        let said = self.traffic(self.seconds).smpp(self.server.value("CHAPPE_SMPP")?, PACE)?;
        let bars = &mut self.bars;
        bars.add("smpp answer at 5,000/s, median", count(&said, "/latency_us/p50"), "us", Limit::None);
        let p99 = count(&said, "/latency_us/p99");
        bars.add("smpp answer at 5,000/s, 99 %", p99, "us", Limit::AtMost(LATENCY_LIMIT_US));
        bars.add("smpp answer at 5,000/s, longest", count(&said, "/latency_us/max"), "us", Limit::None);
        bars.add("smpp refused at 5,000/s", not_taken(&said), "messages", Limit::AtMost(0));
        Ok(())
    }

    fn over_http(&mut self, null: u64) -> anyhow::Result<()> {
        progress("HTTP to SMPP with webhooks");
        let mut sink = Peer::start(&self.tools, &["sink"])?;
        let target = self.server.value("CHAPPE_HTTP")?;
        let told = self.traffic(self.seconds).http_told(target, Dialect::Native, &mut sink, &[])?;
        let (rate, said) = (told.per_second(), &told.said);
        let bars = &mut self.bars;
        bars.add("http to smpp, with all webhooks told", rate, "messages/s", Limit::AtLeast(HTTP_LIMIT));
        bars.add("http to smpp, against none between", per_mille(rate, null), "1/1000", Limit::None);
        bars.add("http acceptance alone", count(said, "/acknowledged_per_second"), "messages/s", Limit::None);
        bars.add("http answer, 99 %", count(said, "/latency_us/p99"), "us", Limit::None);
        bars.add("http refused or unanswered", not_taken(said), "messages", Limit::AtMost(0));
        let calls = told.calls.saturating_mul(1_000) / told.elapsed_ms.max(1);
        bars.add("webhooks", calls, "calls/s", Limit::None);
        Ok(())
    }

    fn fill_with_a_million(&mut self) -> anyhow::Result<()> {
        loop {
            let stored = count(&self.administration.doctor()?, "/messages");
            if stored >= MILLION {
                return Ok(());
            }
            progress(&format!("{stored} messages are stored"));
            let said = self.traffic(FILLING_S).smpp(self.server.value("CHAPPE_SMPP")?, "max")?;
            anyhow::ensure!(count(&said, "/acknowledged") > 0, "no message was taken: {said}");
        }
    }

    /// The customers, who send for so long.
    fn traffic(&self, seconds: u64) -> Traffic<'_> {
        Traffic { tools: &self.tools, accounts: &self.accounts, seconds }
    }

    /// Processor time of the platform and of the carriers.
    fn cpu_us(&self) -> anyhow::Result<(u64, u64)> {
        Ok((usage::cpu_us(self.server.process_id())?, usage::cpu_us(self.carrier.party.process_id())?))
    }
}
