//! The SQLite store against the suite of its seam, and what is its own: files, locks, runs.

#[cfg(test)]
mod sqlite;
