//! Maps of the path of a message, with hashes that cost little.
//!
//! Keys that the platform numbers itself cannot be chosen by a stranger, so that [`IdMap`] needs no hash that
//! withstands one. What carriers choose goes into a [`TextMap`], whose hash is seeded anew by each process.

use std::collections::HashMap;

/// By keys of our own numbering: row keys, accounts, connectors.
pub(crate) type IdMap<K, V> = HashMap<K, V, rustc_hash::FxBuildHasher>;

/// By texts that others choose, such as carriers' ids.
pub(crate) type TextMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
