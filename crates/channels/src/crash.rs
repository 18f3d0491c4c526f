//! A crash while one message is put into its form: caught where nothing of the message has left and
//! nothing that links share is half changed.
//!
//! What crashed is told as [`types::receipt::Verdict::Crashed`]; the core counts it. The link and every other
//! message on it go on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use types::id::ConnectorId;

/// Writing a message crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crashed;

/// Does a piece of work on one message. It may change nothing that outlives a crash, or its caller puts that
/// right afterwards.
///
/// # Errors
/// When it panicked. What it said stays unsaid, because it may be what stood in the message; the panic hook
/// tells the place.
pub(crate) fn guarded<T>(connector: ConnectorId, work: impl FnOnce() -> T) -> Result<T, Crashed> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        tracing::error!(connector = connector.0, "writing a message crashed");
        Crashed
    })
}

#[cfg(test)]
mod tests {
    use types::id::ConnectorId;

    use super::{Crashed, guarded};

    #[test]
    fn a_panic_is_an_answer() {
        assert_eq!(guarded(ConnectorId(1), || 7), Ok(7));
        assert_eq!(guarded(ConnectorId(1), || panic!("the text of a message")), Err::<(), _>(Crashed));
    }
}
