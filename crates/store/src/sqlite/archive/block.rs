//! A block: some thousand messages of one day with all that is known of them, as two runs of octets.
//!
//! The *facts* are the rows of all tables, column by column, compressed as one. The *sealed* part has a
//! group for each data key: the values that this key had sealed, opened, compressed and sealed again as
//! one (see `keyring`). A row has a mark where its value is in the group; the marks of one data key, in the
//! order of [`SEALED`] and then of the rows, are in the order of the values. What cannot be opened stays in
//! its row as it was. Start at [`Content`].

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::Connection;

use super::keyring::{DataKey, Keyring};
use super::pack::{PackedTable, Rows, Scan, put_number, put_octets, put_table};
use crate::fault::Fault;
use crate::portable::row::{Cell, Row};

/// Tables in a block, with the column that has the key of the message; a submission has its own.
pub(crate) const TABLES: [(&str, &str); 8] = [
    ("message", "key"),
    ("progress", "key"),
    ("message_lot", "message"),
    ("body", "message"),
    ("attempt", "message"),
    ("attempt_part", "message"),
    ("receipt", "message"),
    ("submission", "key"),
];
pub(super) const MESSAGE: usize = 0;
pub(super) const PROGRESS: usize = 1;
pub(super) const SHARES: usize = 2;
pub(super) const BODY: usize = 3;
pub(super) const ATTEMPT: usize = 4;
pub(super) const ATTEMPT_PART: usize = 5;
pub(super) const RECEIPT: usize = 6;
pub(super) const SUBMISSION: usize = 7;

/// A sealed column: its table and name, the kind of its values, and the column of the row to which they are
/// bound. Kinds are those of `app::seal`.
struct SealedColumn {
    table: usize,
    column: &'static str,
    kind: u8,
    bound_to: &'static str,
}

const SEALED: [SealedColumn; 4] = [
    SealedColumn { table: MESSAGE, column: "sealed", kind: 0, bound_to: "key" },
    SealedColumn { table: BODY, column: "sealed", kind: 1, bound_to: "message" },
    SealedColumn { table: ATTEMPT, column: "sealed_sent", kind: 6, bound_to: "message" },
    SealedColumn { table: RECEIPT, column: "sealed_echo", kind: 7, bound_to: "key" },
];

/// Stands in a sealed column for a value that is in the group of its data key.
const IN_GROUP: Cell = Cell::Number(1);

/// How hard the compressor tries; the work is done once and beside the writer.
const LEVEL: i32 = 9;
/// Octets of facts or of one group before compression; more is damage.
const PLAIN_OCTETS_MAX: usize = 256 * 1024 * 1024;

pub(super) const fn damaged() -> Fault {
    Fault::Corrupt("past_content")
}

/// Compresses octets, with their length and a checksum.
fn press(plain: &[u8]) -> Result<Vec<u8>, Fault> {
    let engine = |error: std::io::Error| Fault::Engine(Box::new(error));
    let mut compressor = zstd::bulk::Compressor::new(LEVEL).map_err(engine)?;
    compressor.set_parameter(zstd::zstd_safe::CParameter::ChecksumFlag(true)).map_err(engine)?;
    let mut out = Vec::new();
    put_number(&mut out, plain.len() as u64);
    out.append(&mut compressor.compress(plain).map_err(engine)?);
    Ok(out)
}

fn unpress(pressed: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut scan = Scan(pressed);
    let octets = scan.size()?;
    if octets > PLAIN_OCTETS_MAX {
        return Err(damaged());
    }
    let plain = zstd::bulk::decompress(scan.0, octets).map_err(|_| damaged())?;
    if plain.len() == octets { Ok(plain) } else { Err(damaged()) }
}

/// The place of a column in a table's rows.
pub(super) fn place(table: &Rows, column: &str) -> Option<usize> {
    table.columns.iter().position(|known| known == column)
}

pub(super) fn number(row: &[Cell], place: Option<usize>) -> Result<i64, Fault> {
    match place.and_then(|place| row.get(place)) {
        Some(Cell::Number(number)) => Ok(*number),
        _ => Err(damaged()),
    }
}

/// What a block holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// The tables in the order of [`TABLES`], with marks in their sealed columns.
    tables: Vec<Rows>,
    /// Sealed groups by data key.
    groups: BTreeMap<i64, Vec<u8>>,
}

/// A block's two runs of octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) facts: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
}

/// Groups as they are opened, and what opens them.
pub(super) struct Opening<'a> {
    connection: &'a Connection,
    keyring: &'a Keyring,
    /// The anchor of the block, to which its groups are bound.
    anchor: i64,
    keys: HashMap<i64, Option<DataKey>>,
    plain: HashMap<i64, Option<Vec<Vec<u8>>>>,
}

impl<'a> Opening<'a> {
    pub(super) fn new(connection: &'a Connection, keyring: &'a Keyring, anchor: i64) -> Self {
        Self { connection, keyring, anchor, keys: HashMap::new(), plain: HashMap::new() }
    }

    fn key(&mut self, id: i64) -> Result<Option<&DataKey>, Fault> {
        if let std::collections::hash_map::Entry::Vacant(vacant) = self.keys.entry(id) {
            vacant.insert(self.keyring.key(self.connection, id)?);
        }
        Ok(self.keys.get(&id).and_then(Option::as_ref))
    }

    fn context(&self, data_key: i64) -> Vec<u8> {
        [b"chappe archive group".as_slice(), &self.anchor.to_be_bytes(), &data_key.to_be_bytes()].concat()
    }

    fn seal(&mut self, data_key: i64, values: &[Vec<u8>]) -> Result<Vec<u8>, Fault> {
        let mut plain = Vec::new();
        put_number(&mut plain, values.len() as u64);
        values.iter().for_each(|value| put_number(&mut plain, value.len() as u64));
        values.iter().for_each(|value| plain.extend_from_slice(value));
        let (context, pressed) = (self.context(data_key), press(&plain)?);
        let key = self.key(data_key)?.ok_or(Fault::Corrupt("data_key"))?;
        key.seal(&context, &pressed)
    }

    /// The values of a group; `None` when its key is gone. A group that its key does not open is damage.
    fn values(&mut self, data_key: i64, sealed: &[u8]) -> Result<Option<&Vec<Vec<u8>>>, Fault> {
        if !self.plain.contains_key(&data_key) {
            let context = self.context(data_key);
            let opened = match self.key(data_key)? {
                None => None,
                Some(key) => {
                    let plain = unpress(&key.open(&context, sealed).ok_or(damaged())?)?;
                    let mut scan = Scan(&plain);
                    let count = scan.size()?;
                    let mut sizes = Vec::new();
                    for _ in 0..count {
                        sizes.push(scan.size()?);
                    }
                    let values = sizes.into_iter().map(|size| Ok(scan.take(size)?.to_vec()));
                    Some(values.collect::<Result<Vec<_>, Fault>>()?)
                }
            };
            self.plain.insert(data_key, opened);
        }
        Ok(self.plain.get(&data_key).and_then(Option::as_ref))
    }
}

/// What each marked value is asked for: its data key, its place in the group, its message.
struct Marked {
    data_key: i64,
    ordinal: usize,
    message: i64,
}

/// Data keys by message.
fn data_keys(tables: &[Rows]) -> Result<HashMap<i64, i64>, Fault> {
    let messages = tables.get(MESSAGE).ok_or(damaged())?;
    let (key, data_key) = (place(messages, "key"), place(messages, "data_key"));
    messages.rows.iter().map(|row| Ok((number(row, key)?, number(row, data_key)?))).collect()
}

/// Goes through the sealed columns in the order of the groups.
fn each_sealed(
    tables: &mut [Rows],
    mut act: impl FnMut(&SealedColumn, i64, i64, i64, &mut Cell) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let data_keys = data_keys(tables)?;
    for sealed in &SEALED {
        let table = tables.get_mut(sealed.table).ok_or(damaged())?;
        let owner = TABLES.get(sealed.table).and_then(|(_, column)| place(table, column));
        let (bound_to, value) = (place(table, sealed.bound_to), place(table, sealed.column));
        for row in &mut table.rows {
            let (message, bound) = (number(row, owner)?, number(row, bound_to)?);
            let data_key = data_keys.get(&message).copied().ok_or(damaged())?;
            let cell = value.and_then(|value| row.get_mut(value)).ok_or(damaged())?;
            act(sealed, data_key, message, bound, cell)?;
        }
    }
    Ok(())
}

/// Goes through the marks with the place of their value in its group.
fn each_mark(
    tables: &mut [Rows],
    mut act: impl FnMut(&SealedColumn, i64, &Marked, &mut Cell) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut ordinals: HashMap<i64, usize> = HashMap::new();
    each_sealed(tables, |sealed, data_key, message, bound, cell| {
        if *cell != IN_GROUP {
            return Ok(());
        }
        let next = ordinals.entry(data_key).or_default();
        let marked = Marked { data_key, ordinal: *next, message };
        *next += 1;
        act(sealed, bound, &marked, cell)
    })
}

/// Leaves the rows of these messages, and the submissions that they came with.
fn keep(tables: &mut [Rows], is_kept: impl Fn(i64) -> bool) -> Result<(), Fault> {
    let mut submissions = HashSet::new();
    for (index, (table, (_, owner))) in tables.iter_mut().zip(TABLES).enumerate() {
        let (owner, submission) = (place(table, owner), place(table, "submission"));
        let mut rows = Vec::new();
        for row in std::mem::take(&mut table.rows) {
            let key = number(&row, owner)?;
            let stays = if index == SUBMISSION { submissions.contains(&key) } else { is_kept(key) };
            if stays {
                if index == MESSAGE {
                    submissions.insert(number(&row, submission)?);
                }
                rows.push(row);
            }
        }
        table.rows = rows;
    }
    Ok(())
}

impl Content {
    /// Of rows as they stand in the tables.
    pub(super) fn of(mut tables: Vec<Rows>, opening: &mut Opening<'_>) -> Result<Self, Fault> {
        let mut values: BTreeMap<i64, Vec<Vec<u8>>> = BTreeMap::new();
        each_sealed(&mut tables, |sealed, data_key, _, bound, cell| {
            let Cell::Octets(octets) = cell else { return Err(Fault::Corrupt("a sealed column")) };
            if octets.is_empty() {
                return Ok(());
            }
            let plain = opening.key(data_key)?.and_then(|key| key.open_value(sealed.kind, bound, octets));
            if let Some(plain) = plain {
                values.entry(data_key).or_default().push(plain);
                *cell = IN_GROUP;
            }
            Ok(())
        })?;
        let sealed = values.iter().map(|(key, values)| Ok((*key, opening.seal(*key, values)?)));
        let groups = sealed.collect::<Result<_, Fault>>()?;
        Ok(Self { tables, groups })
    }

    /// As octets.
    pub(crate) fn pack(&self) -> Result<Packed, Fault> {
        let mut facts = Vec::new();
        self.tables.iter().for_each(|table| put_table(&mut facts, table));
        let mut sealed = Vec::new();
        put_number(&mut sealed, self.groups.len() as u64);
        for (data_key, group) in &self.groups {
            sealed.extend_from_slice(&data_key.to_le_bytes());
            put_octets(&mut sealed, group);
        }
        Ok(Packed { facts: press(&facts)?, sealed })
    }

    /// Of octets.
    pub(crate) fn unpack(packed: &Packed) -> Result<Self, Fault> {
        let facts = Facts::open(&packed.facts)?;
        let tables = facts.tables()?.iter().map(PackedTable::all).collect::<Result<_, _>>()?;
        let mut scan = Scan(&packed.sealed);
        let mut groups = BTreeMap::new();
        for _ in 0..scan.size()? {
            let data_key = scan.eight()?;
            groups.insert(data_key, scan.octets()?.to_vec());
        }
        Ok(Self { tables, groups })
    }

    /// Keys of the messages in it.
    pub(crate) fn keys(&self) -> Result<Vec<i64>, Fault> {
        let messages = self.tables.first().ok_or(damaged())?;
        let key = place(messages, "key");
        messages.rows.iter().map(|row| number(row, key)).collect()
    }

    /// The rows of some messages as they were in the tables, each value sealed alone. A value whose key is
    /// gone is empty.
    pub(super) fn rows_of(
        &self,
        is_wanted: impl Fn(i64) -> bool,
        opening: &mut Opening<'_>,
    ) -> Result<Vec<Rows>, Fault> {
        let mut tables = self.tables.clone();
        each_mark(&mut tables, |sealed, bound, marked, cell| {
            if !is_wanted(marked.message) {
                return Ok(());
            }
            let group = self.groups.get(&marked.data_key).ok_or(damaged())?;
            let plain = match opening.values(marked.data_key, group)? {
                None => None,
                Some(values) => Some(values.get(marked.ordinal).cloned().ok_or(damaged())?),
            };
            let sealed = match (plain, opening.key(marked.data_key)?) {
                (Some(plain), Some(key)) => key.seal_value(sealed.kind, bound, &plain)?,
                _ => Vec::new(),
            };
            *cell = Cell::Octets(sealed);
            Ok(())
        })?;
        keep(&mut tables, is_wanted)?;
        Ok(tables)
    }

    /// The same block without some messages: nothing of them is left in its groups.
    pub(super) fn without(
        mut self,
        is_gone: impl Fn(i64) -> bool,
        opening: &mut Opening<'_>,
    ) -> Result<Self, Fault> {
        let of_gone: HashSet<i64> = data_keys(&self.tables)?
            .into_iter()
            .filter_map(|(message, data_key)| is_gone(message).then_some(data_key))
            .collect();
        let mut left: BTreeMap<i64, Vec<Vec<u8>>> = BTreeMap::new();
        let groups = &self.groups;
        each_mark(&mut self.tables, |_, _, marked, cell| {
            if !of_gone.contains(&marked.data_key) || is_gone(marked.message) {
                return Ok(());
            }
            let group = groups.get(&marked.data_key).ok_or(damaged())?;
            match opening.values(marked.data_key, group)? {
                // Its key is gone, and with it the value for good.
                None => *cell = Cell::Octets(Vec::new()),
                Some(values) => {
                    let value = values.get(marked.ordinal).cloned().ok_or(damaged())?;
                    left.entry(marked.data_key).or_default().push(value);
                }
            }
            Ok(())
        })?;
        self.groups.retain(|data_key, _| !of_gone.contains(data_key));
        for (data_key, values) in left {
            let sealed = opening.seal(data_key, &values)?;
            self.groups.insert(data_key, sealed);
        }
        keep(&mut self.tables, |key| !is_gone(key))?;
        Ok(self)
    }
}

/// The facts of a block, for questions that need a few columns.
pub(super) struct Facts(Vec<u8>);

impl Facts {
    pub(super) fn open(pressed: &[u8]) -> Result<Self, Fault> {
        unpress(pressed).map(Self)
    }

    /// The tables in the order of [`TABLES`].
    pub(super) fn tables(&self) -> Result<Vec<PackedTable<'_>>, Fault> {
        let mut scan = Scan(&self.0);
        let tables = TABLES.iter().map(|_| PackedTable::read(&mut scan)).collect::<Result<_, _>>()?;
        if scan.0.is_empty() { Ok(tables) } else { Err(damaged()) }
    }
}

/// Rows of a table with their columns in another order; a column that it has not is nothing.
pub(super) fn arranged(table: &Rows, columns: &[&str]) -> Vec<Row> {
    let places: Vec<_> = columns.iter().map(|column| place(table, column)).collect();
    let cell = |row: &Row, place: &Option<usize>| {
        place.and_then(|place| row.get(place)).cloned().unwrap_or(Cell::Nothing)
    };
    table.rows.iter().map(|row| places.iter().map(|place| cell(row, place)).collect()).collect()
}
