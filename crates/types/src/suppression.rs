//! Recipients that an account must not message: why one stands on the list.
//!
//! Which numbers these are is the store's to keep; here are only the words.

use crate::message::coded_enum;

coded_enum!(
    /// Why a recipient is on an account's suppression list.
    SuppressionReason {
        /// The phone wrote a word such as STOP; a word such as START takes the entry away.
        OptOut = 0, "opt_out";
        /// Somebody complained of messages to it.
        Complaint = 1, "complaint";
        /// It came with a list from elsewhere.
        Imported = 2, "imported";
        /// A person or a program of the account put it there.
        Manual = 3, "manual";
    }
);
