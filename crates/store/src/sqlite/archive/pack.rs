//! Rows of one table as octets that compress well, column by column, and back.
//!
//! Columns go by their names, so that a table may get another one later. A column is read without those
//! beside it. Nothing here knows what a table means.

use crate::fault::Fault;
use crate::portable::row::{Cell, Row};

/// Cells of one column are all the same: it stands once.
const SAME: u8 = 0;
/// Numbers, as steps from one to the next.
const STEPS: u8 = 1;
/// Numbers of eight octets each: nothing about them is small.
const WIDE: u8 = 2;
/// Cells of any kind: their kinds, then numbers, then lengths, then octets.
const MIXED: u8 = 3;

/// Octets of a number, on average, from which on steps are no gain.
const WIDE_OCTETS: usize = 7;
/// Rows of one table in a block; more is damage.
pub(super) const ROWS_MAX: usize = 1 << 18;

const fn damaged() -> Fault {
    Fault::Corrupt("past_content")
}

/// A table's rows with the names of its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// Writes octets of lengths and numbers.
pub(super) fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn put_octets(out: &mut Vec<u8>, octets: &[u8]) {
    put_number(out, octets.len() as u64);
    out.extend_from_slice(octets);
}

/// Small numbers of either sign become small numbers.
const fn folded(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

const fn unfolded(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Reads what the functions above have written.
#[derive(Clone, Copy)]
pub(super) struct Scan<'a>(pub(super) &'a [u8]);

impl<'a> Scan<'a> {
    pub(super) fn octet(&mut self) -> Result<u8, Fault> {
        let (first, rest) = self.0.split_first().ok_or(damaged())?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn number(&mut self) -> Result<u64, Fault> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let octet = self.octet()?;
            value |= u64::from(octet & 0x7f) << shift;
            if octet & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(damaged())
    }

    pub(super) fn size(&mut self) -> Result<usize, Fault> {
        usize::try_from(self.number()?).map_err(|_| damaged())
    }

    pub(super) fn take(&mut self, octets: usize) -> Result<&'a [u8], Fault> {
        let (taken, rest) = self.0.split_at_checked(octets).ok_or(damaged())?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn octets(&mut self) -> Result<&'a [u8], Fault> {
        let size = self.size()?;
        self.take(size)
    }

    pub(super) fn eight(&mut self) -> Result<i64, Fault> {
        let octets: [u8; 8] = self.take(8)?.try_into().map_err(|_| damaged())?;
        Ok(i64::from_le_bytes(octets))
    }
}

/// Writes a table behind what is there.
pub(super) fn put_table(out: &mut Vec<u8>, table: &Rows) {
    put_number(out, table.columns.len() as u64);
    put_number(out, table.rows.len() as u64);
    for (place, name) in table.columns.iter().enumerate() {
        put_octets(out, name.as_bytes());
        let cells: Vec<&Cell> = table.rows.iter().filter_map(|row| row.get(place)).collect();
        let mut column = Vec::with_capacity(cells.len() * 2 + 8);
        put_column(&mut column, &cells);
        put_octets(out, &column);
    }
}

fn put_column(out: &mut Vec<u8>, cells: &[&Cell]) {
    let Some((first, rest)) = cells.split_first() else {
        out.push(MIXED);
        return;
    };
    if rest.iter().all(|cell| cell == first) {
        out.push(SAME);
        put_mixed(out, &[first]);
        return;
    }
    let number = |cell: &&Cell| if let Cell::Number(number) = cell { Some(*number) } else { None };
    let Some(numbers) = cells.iter().map(number).collect::<Option<Vec<i64>>>() else {
        out.push(MIXED);
        put_mixed(out, cells);
        return;
    };
    let mut steps = Vec::with_capacity(numbers.len() * 2);
    put_steps(&mut steps, &numbers);
    if steps.len() < numbers.len() * WIDE_OCTETS {
        out.push(STEPS);
        out.append(&mut steps);
    } else {
        out.push(WIDE);
        numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
    }
}

fn put_steps(out: &mut Vec<u8>, numbers: &[i64]) {
    let mut before = 0_i64;
    for number in numbers {
        put_number(out, folded(number.wrapping_sub(before)));
        before = *number;
    }
}

fn put_mixed(out: &mut Vec<u8>, cells: &[&Cell]) {
    let kind = |cell: &&Cell| match cell {
        Cell::Nothing => 0,
        Cell::Number(_) => 1,
        Cell::Text(_) => 2,
        Cell::Octets(_) => 3,
    };
    out.extend(cells.iter().map(kind));
    let mut before = 0_i64;
    for cell in cells {
        if let Cell::Number(number) = cell {
            put_number(out, folded(number.wrapping_sub(before)));
            before = *number;
        }
    }
    let octets = |cell: &&Cell| -> Option<Vec<u8>> {
        match cell {
            Cell::Text(text) => Some(text.as_bytes().to_vec()),
            Cell::Octets(octets) => Some(octets.clone()),
            Cell::Nothing | Cell::Number(_) => None,
        }
    };
    let octets: Vec<Vec<u8>> = cells.iter().filter_map(octets).collect();
    octets.iter().for_each(|octets| put_number(out, octets.len() as u64));
    octets.iter().for_each(|octets| out.extend_from_slice(octets));
}

/// A column as it was read.
#[derive(Clone, Debug)]
pub(crate) enum Column {
    /// One cell for all rows.
    Same(Cell),
    /// A number for each row.
    Numbers(Vec<i64>),
    /// A cell for each row.
    Cells(Vec<Cell>),
}

impl Column {
    /// The cell of a row; of a row that is not there, nothing.
    pub(crate) fn cell(&self, row: usize) -> Cell {
        match self {
            Self::Same(cell) => cell.clone(),
            Self::Numbers(numbers) => numbers.get(row).map_or(Cell::Nothing, |number| Cell::Number(*number)),
            Self::Cells(cells) => cells.get(row).cloned().unwrap_or(Cell::Nothing),
        }
    }

    /// The number in a row, if it is one.
    pub(crate) fn number(&self, row: usize) -> Option<i64> {
        match self {
            Self::Same(Cell::Number(number)) => Some(*number),
            Self::Numbers(numbers) => numbers.get(row).copied(),
            Self::Cells(cells) => match cells.get(row) {
                Some(Cell::Number(number)) => Some(*number),
                _ => None,
            },
            Self::Same(_) => None,
        }
    }
}

/// A table whose columns are read when they are asked for.
pub(super) struct PackedTable<'a> {
    pub(super) rows: usize,
    columns: Vec<(&'a str, &'a [u8])>,
}

impl<'a> PackedTable<'a> {
    /// Finds the columns of the table that comes next.
    pub(super) fn read(scan: &mut Scan<'a>) -> Result<Self, Fault> {
        let (columns, rows) = (scan.size()?, scan.size()?);
        if rows > ROWS_MAX {
            return Err(damaged());
        }
        let mut found = Vec::new();
        for _ in 0..columns {
            let name = std::str::from_utf8(scan.octets()?).map_err(|_| damaged())?;
            found.push((name, scan.octets()?));
        }
        Ok(Self { rows, columns: found })
    }

    /// A column by its name. One that the table had not then has nothing in every row.
    pub(super) fn column(&self, name: &str) -> Result<Column, Fault> {
        let Some((_, packed)) = self.columns.iter().find(|(known, _)| *known == name) else {
            return Ok(Column::Same(Cell::Nothing));
        };
        column(packed, self.rows)
    }

    /// All of it.
    pub(super) fn all(&self) -> Result<Rows, Fault> {
        let columns = self
            .columns
            .iter()
            .map(|(_, packed)| column(packed, self.rows))
            .collect::<Result<Vec<_>, _>>()?;
        let row = |row: usize| columns.iter().map(|column| column.cell(row)).collect();
        let names = self.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        Ok(Rows { columns: names, rows: (0..self.rows).map(row).collect() })
    }
}

fn column(packed: &[u8], rows: usize) -> Result<Column, Fault> {
    let mut scan = Scan(packed);
    Ok(match scan.octet()? {
        SAME => Column::Same(mixed(&mut scan, 1)?.pop().ok_or(damaged())?),
        STEPS => {
            let mut numbers = Vec::with_capacity(rows.min(packed.len()));
            let mut before = 0_i64;
            for _ in 0..rows {
                before = before.wrapping_add(unfolded(scan.number()?));
                numbers.push(before);
            }
            Column::Numbers(numbers)
        }
        WIDE => Column::Numbers((0..rows).map(|_| scan.eight()).collect::<Result<_, _>>()?),
        MIXED => Column::Cells(mixed(&mut scan, rows)?),
        _ => return Err(damaged()),
    })
}

fn mixed(scan: &mut Scan<'_>, rows: usize) -> Result<Vec<Cell>, Fault> {
    let kinds = scan.take(rows)?;
    let mut numbers = Vec::new();
    let mut before = 0_i64;
    for _ in kinds.iter().filter(|kind| **kind == 1) {
        before = before.wrapping_add(unfolded(scan.number()?));
        numbers.push(before);
    }
    let mut sizes = Vec::new();
    for _ in kinds.iter().filter(|kind| **kind > 1) {
        sizes.push(scan.size()?);
    }
    let (mut numbers, mut sizes) = (numbers.into_iter(), sizes.into_iter());
    let mut cells = Vec::with_capacity(rows);
    for kind in kinds {
        cells.push(match kind {
            0 => Cell::Nothing,
            1 => Cell::Number(numbers.next().ok_or(damaged())?),
            2 => {
                let octets = scan.take(sizes.next().ok_or(damaged())?)?;
                Cell::Text(std::str::from_utf8(octets).map_err(|_| damaged())?.to_owned())
            }
            3 => Cell::Octets(scan.take(sizes.next().ok_or(damaged())?)?.to_vec()),
            _ => return Err(damaged()),
        });
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::{Cell, PackedTable, Rows, Scan, put_table};

    fn there_and_back(table: &Rows) {
        let mut packed = Vec::new();
        put_table(&mut packed, table);
        let scan = &mut Scan(&packed);
        let read = PackedTable::read(scan).unwrap();
        assert_eq!(&read.all().unwrap(), table);
        assert!(scan.0.is_empty());
        for end in 0..packed.len() {
            let cut = PackedTable::read(&mut Scan(&packed[..end])).and_then(|table| table.all());
            assert!(cut.is_err(), "cut at {end}");
        }
        for place in 0..packed.len() {
            // Damage is an error or other rows, and never a crash.
            let mut other = packed.clone();
            other[place] ^= 0x55;
            drop(PackedTable::read(&mut Scan(&other)).and_then(|table| table.all()));
        }
    }

    #[test]
    fn rows_lead_back() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        there_and_back(&Rows { columns: names(&["a"]), rows: Vec::new() });
        let number = Cell::Number;
        let rows = vec![
            vec![number(1), number(i64::MIN), Cell::Text("é".into()), Cell::Nothing, number(7)],
            vec![
                number(2),
                number(i64::MAX),
                Cell::Octets(vec![0, 255]),
                Cell::Text(String::new()),
                number(7),
            ],
            vec![number(5), number(0), Cell::Nothing, number(-3), number(7)],
        ];
        there_and_back(&Rows { columns: names(&["steps", "wide", "mixed", "more", "same"]), rows });
    }

    #[test]
    fn a_column_that_came_later_has_nothing() {
        let table = Rows { columns: vec!["a".into()], rows: vec![vec![Cell::Number(1)]] };
        let mut packed = Vec::new();
        put_table(&mut packed, &table);
        let read = PackedTable::read(&mut Scan(&packed)).unwrap();
        assert_eq!(read.column("a").unwrap().number(0), Some(1));
        assert_eq!(read.column("b").unwrap().cell(0), Cell::Nothing);
    }
}
