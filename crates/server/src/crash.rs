//! What is told of a crash: its place in the code, and never what was said there, which may be what a
//! customer wrote.

use std::backtrace::{Backtrace, BacktraceStatus};

/// From now on a crash is a line of the log, with the stack where `RUST_BACKTRACE` asks for it.
pub(crate) fn tell_places_only() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        let thread = std::thread::current();
        let stack = Backtrace::capture();
        let stack =
            if stack.status() == BacktraceStatus::Captured { stack.to_string() } else { String::new() };
        tracing::error!(place, thread = thread.name().unwrap_or_default(), stack, "a worker crashed");
    }));
}
