//! Measurements with bars: what the platform must hold on the machine that runs them.
//!
//! Everything is measured from outside, on release builds, against data folders on the disk of the checkout, and
//! stands beside its limit from the same run: the same customers straight against carriers or a web server, and the
//! disk's durable appends. Whatever else runs on the machine is in the figures. Start at [`run`]; each part is a
//! module.

mod alone;
pub(crate) mod bars;
mod compare;
mod disk;
mod figures;
mod growth;
pub(crate) mod house;
mod http;
pub(crate) mod load;
mod machine;
mod queue;
mod results;
mod smpp;
mod sms;
mod stand;
mod traffic;
mod usage;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use bars::{Bars, progress};
use figures::{Figure, Figures};
use load::Tools;
use stand::{Engine, Place, Stand};

/// Arguments of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArguments {
    /// What to measure; without a name everything, apart from the quick judge `sms`.
    #[arg(value_enum)]
    parts: Vec<Part>,
    /// Print one JSON object per figure.
    #[arg(long)]
    json: bool,
    /// How long customers send in each measurement.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How often each part is measured, in turn with the others; growth, start-up and queue are measured once.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// Messages of the growth; of so many a fiftieth is open at the start-up, and a fifth waits in the queue.
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    messages: u64,
    /// Where messages are kept in `smpp` and `store`; both when absent.
    #[arg(long, value_enum)]
    store: Option<Engine>,
    /// Of `sms`: go on until a million messages are stored, and judge the memory with them.
    #[arg(long)]
    million: bool,
    /// Measure this binary instead of a release build of the checkout.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Take this load generator instead of a release build of the checkout.
    #[arg(long, value_name = "FILE", hide = true)]
    load: Option<PathBuf>,
    /// Where to write the result.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Measure nothing: show what changed between two results, or from one to the newest.
    #[arg(long, num_args = 1..=2, value_names = ["OLD", "NEW"])]
    compare: Vec<PathBuf>,
}

/// A part of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// SMPP to SMPP with receipts: rate, cost, memory, latency.
    Smpp,
    /// HTTP to SMPP with webhooks, in two dialects.
    Http,
    /// The store alone.
    Store,
    /// The SMPP codec and texts alone.
    Codec,
    /// Admission alone.
    Admission,
    /// Speed and size as messages become many, and the start with them.
    Growth,
    /// A queue that waits for its carriers, and its drain.
    Queue,
    /// The quick judge: SMPP and HTTP once, against lower bars.
    Sms,
}

const WHOLE: [Part; 7] =
    [Part::Smpp, Part::Http, Part::Store, Part::Codec, Part::Admission, Part::Growth, Part::Queue];

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Settings {
    /// How long customers send.
    seconds: u64,
    /// Messages of the growth.
    messages: u64,
}

/// Measures, prints the bars and fails when one is missed.
pub(crate) fn run(arguments: &BenchArguments) -> anyhow::Result<()> {
    if !arguments.compare.is_empty() {
        return compare::run(&arguments.compare, arguments.json);
    }
    if arguments.parts.contains(&Part::Sms) {
        if arguments.parts.len() > 1 {
            bail!("`sms` is measured alone");
        }
        return sms::run(arguments);
    }
    let chosen: Vec<Part> = WHOLE
        .into_iter()
        .filter(|part| arguments.parts.is_empty() || arguments.parts.contains(part))
        .collect();
    let (commit, is_changed) = machine::commit()?;
    let begun = machine::now()?;
    let mut bench = Bench::open(arguments, chosen)?;
    let machine = machine::describe(bench.stand.folder())?;
    let done = bench.measure();
    let figures = bench.figures.all;
    let result = json!({
        "at": begun, "commit": commit, "differs_from_commit": is_changed, "machine": machine,
        "settings": {
            "seconds": arguments.seconds, "rounds": arguments.rounds, "messages": arguments.messages,
            "binary": if arguments.binary.is_some() { "given" } else { "built" },
        },
        "figures": figures.iter().map(Figure::json).collect::<Vec<_>>(),
    });
    let is_whole = bench.parts.len() == WHOLE.len() && arguments.store.is_none();
    let path = results::write(&result, arguments.out.as_deref(), is_whole)?;
    progress(&format!("the result is in {}", path.display()));
    let judged = conclude(&figures, &result, arguments.json);
    // What was measured before a part failed is kept and told all the same.
    done.and(judged)
}

/// Prints everything, and fails when a bar is missed.
fn conclude(figures: &[Figure], result: &Value, json: bool) -> anyhow::Result<()> {
    if !json {
        println!("machine: {}", result.get("machine").unwrap_or(&Value::Null));
    }
    let mut bars = Bars::new(json);
    figures.iter().map(Figure::bar).for_each(|bar| bars.push(bar));
    bars.finish()
}

/// A run under way.
struct Bench {
    parts: Vec<Part>,
    rounds: u64,
    engines: Vec<Engine>,
    stand: Stand,
    /// The programmes that measure by themselves.
    store_rate: Option<PathBuf>,
    pure_rate: Option<PathBuf>,
    figures: Figures,
}

impl Bench {
    /// Builds what is needed, so that nothing is built while something is measured.
    fn open(arguments: &BenchArguments, parts: Vec<Part>) -> anyhow::Result<Self> {
        let tools = Tools::build_or_take(arguments.binary.as_deref(), arguments.load.as_deref())?;
        let needed = |part: Part| parts.contains(&part);
        let store_rate =
            needed(Part::Store).then(|| tools.example("chappe-store", "store_rate")).transpose()?;
        let pure = needed(Part::Codec) || needed(Part::Admission);
        let pure_rate = pure.then(|| tools.example("chappe-testkit", "pure_rate")).transpose()?;
        let engines = arguments.store.map_or_else(|| vec![Engine::Sqlite, Engine::Postgres], |one| vec![one]);
        let settings = Settings { seconds: arguments.seconds, messages: arguments.messages };
        let stand = Stand::open(tools, settings)?;
        let figures = Figures::default();
        Ok(Self { parts, rounds: arguments.rounds, engines, stand, store_rate, pure_rate, figures })
    }

    fn measure(&mut self) -> anyhow::Result<()> {
        for round in 1..=self.rounds {
            progress(&format!("round {round} of {}", self.rounds));
            for part in self.parts.clone() {
                self.round(part)?;
            }
        }
        let mut place: Option<Place> = None;
        if self.parts.contains(&Part::Growth) {
            place = Some(growth::run(&mut self.stand, &mut self.figures)?);
        }
        if self.parts.contains(&Part::Queue) {
            queue::run(&mut self.stand, place, &mut self.figures)?;
        }
        Ok(())
    }

    /// One round of a part that has rounds.
    fn round(&mut self, part: Part) -> anyhow::Result<()> {
        let Self { stand, figures, .. } = self;
        match part {
            Part::Smpp => {
                self.engines.iter().try_for_each(|engine| stand.prepare(*engine))?;
                let first = self.engines.first().copied().unwrap_or(Engine::Sqlite);
                let null = smpp::without_platform(stand, first, figures)?;
                self.engines.iter().try_for_each(|engine| smpp::round(stand, *engine, null, figures))
            }
            Part::Http => http::round(stand, figures),
            Part::Store => {
                let programme = self.store_rate.as_deref().context("the store's programme is not built")?;
                let (folder, messages) = (stand.folder(), stand.settings.messages);
                self.engines
                    .iter()
                    .try_for_each(|engine| alone::store(programme, folder, *engine, messages, figures))
            }
            Part::Codec | Part::Admission => {
                let programme =
                    self.pure_rate.as_deref().context("the programme of pure code is not built")?;
                let what = if part == Part::Codec { "codec" } else { "admission" };
                alone::pure(programme, what, stand.settings.seconds, figures)
            }
            Part::Growth | Part::Queue | Part::Sms => Ok(()),
        }
    }
}
