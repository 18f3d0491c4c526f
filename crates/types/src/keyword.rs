//! Keywords: what a phone means by a message of one word.
//!
//! Which words these are is `decide::keyword`.

use crate::message::coded_enum;

coded_enum!(
    /// What a phone means by a keyword.
    Keyword {
        /// It wants no more messages, e.g. by STOP.
        Stop = 0, "stop";
        /// It wants messages again, e.g. by START.
        Start = 1, "start";
        /// It wants to know who writes, e.g. by HELP.
        Help = 2, "help";
    }
);
