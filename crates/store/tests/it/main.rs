//! The stores against the suite of their seam, and what is each one's own: files, locks and runs of
//! SQLite; leases, lost connections and partitions of PostgreSQL; and that both have the same tables.

#[cfg(test)]
mod portable;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod postgres_network;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod sqlite;
