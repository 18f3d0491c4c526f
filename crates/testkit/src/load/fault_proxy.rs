//! `fault-proxy`: the proxy that spoils connections, as a process.
//!
//! On standard input an empty line asks for counts, `plan PLAN` sets the plan of connections from now on,
//! `close` and `reset` end all that are open; each is answered with one line.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::peer;
use crate::fault::{Plan, Proxy, Sever};

/// Options of `fault-proxy`.
#[derive(clap::Args, Debug)]
pub(super) struct FaultProxyOptions {
    /// Where to listen; with a port of 0, at a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where to forward to.
    #[arg(long, value_name = "ADDR")]
    to: SocketAddr,
    /// What to do to which connection, as `1:up.cut=57,up.from=submit_sm; 2-:delay=5-20,slice=1`.
    ///
    /// Faults: refuse, deaf, and with `up.`, `down.` or neither delay=MS[-MS], slice=N, rate=N, corrupt=N, drop=N,
    /// cut=N, reset=N, close=N, hole=N, freeze=N, from=COMMAND (counts begin with that PDU).
    #[arg(long, default_value = "")]
    plan: Plan,
    /// Seed of everything that is left to chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Forwards until standard input ends.
pub(super) async fn run(options: FaultProxyOptions) -> anyhow::Result<()> {
    let proxy = Proxy::start(options.listen, options.to, options.plan, options.seed).await?;
    peer::say(&json!({ "listening": [proxy.address().to_string()] }));
    peer::serve(|line| answer(&proxy, line)).await;
    Ok(())
}

fn answer(proxy: &Proxy, line: &str) -> Value {
    match line.trim().split_once(' ').unwrap_or((line.trim(), "")) {
        ("plan", plan) => match plan.parse() {
            Ok(plan) => {
                proxy.set_plan(plan);
                counts(proxy)
            }
            Err(error) => json!({ "error": error }),
        },
        ("close", "") => sever(proxy, Sever::Close),
        ("reset", "") => sever(proxy, Sever::Reset),
        ("", "") => counts(proxy),
        (word, _) => json!({ "error": format!("`{word}` is none of plan, close and reset") }),
    }
}

fn sever(proxy: &Proxy, how: Sever) -> Value {
    proxy.sever(how);
    counts(proxy)
}

fn counts(proxy: &Proxy) -> Value {
    let counts = proxy.counts();
    json!({
        "connections": counts.connections(), "open": counts.open(), "ended": counts.ended(),
        "octets_up": counts.octets_up(), "octets_down": counts.octets_down(),
    })
}
