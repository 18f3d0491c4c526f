//! Rows as one parameter: arrays of the composite types that tables are.
//!
//! A statement takes a few arrays instead of hundreds of columns, and the server reads each row once.
//! The octets are those of PostgreSQL's binary form of arrays and records: an array has its dimensions
//! and the type of its elements; a record has the number of its columns and, for each, its type, its
//! length and its octets. Columns come in the order of the table. Start at [`Rows`].

use std::error::Error;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

/// PostgreSQL's text holds every character but this one.
const NUL: char = '\0';
/// What is kept in its place: the picture of it.
const NUL_PICTURE: &str = "\u{2400}";

/// Text as PostgreSQL can hold it.
pub(crate) fn holdable(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains(NUL) { text.replace(NUL, NUL_PICTURE).into() } else { text.into() }
}

/// Rows of a table, ready to be sent.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    rows: i32,
    octets: BytesMut,
}

impl Rows {
    /// Adds a row of as many columns as `fill` puts.
    pub(crate) fn push(&mut self, columns: i32, fill: impl FnOnce(&mut Record<'_>)) {
        self.rows += 1;
        let start = self.octets.len();
        self.octets.put_i32(0);
        self.octets.put_i32(columns);
        let mut record = Record { octets: &mut self.octets, columns: 0 };
        fill(&mut record);
        debug_assert_eq!(record.columns, columns, "a row has the columns of its table");
        set_length(&mut self.octets, start);
    }
}

/// Writes the length of what has come since `start` into the four octets there.
fn set_length(octets: &mut BytesMut, start: usize) {
    let length = octets.len().saturating_sub(start).saturating_sub(4);
    let length = i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes();
    if let Some(place) = octets.get_mut(start..start + 4) {
        place.copy_from_slice(&length);
    }
}

/// One row that is being written.
pub(crate) struct Record<'a> {
    octets: &'a mut BytesMut,
    columns: i32,
}

impl Record<'_> {
    fn head(&mut self, ty: &Type, length: i32) {
        self.columns += 1;
        self.octets.put_u32(ty.oid());
        self.octets.put_i32(length);
    }

    /// A `bigint`.
    pub(crate) fn big(&mut self, value: i64) -> &mut Self {
        self.head(&Type::INT8, 8);
        self.octets.put_i64(value);
        self
    }

    /// A `bigint`, or nothing.
    pub(crate) fn optional_big(&mut self, value: Option<i64>) -> &mut Self {
        match value {
            Some(value) => self.big(value),
            None => self.nothing(&Type::INT8),
        }
    }

    /// An `integer`.
    pub(crate) fn medium(&mut self, value: u16) -> &mut Self {
        self.head(&Type::INT4, 4);
        self.octets.put_i32(i32::from(value));
        self
    }

    /// An `integer`, or nothing.
    pub(crate) fn optional_medium(&mut self, value: Option<u16>) -> &mut Self {
        match value {
            Some(value) => self.medium(value),
            None => self.nothing(&Type::INT4),
        }
    }

    /// A `smallint`.
    pub(crate) fn small(&mut self, value: u8) -> &mut Self {
        self.head(&Type::INT2, 2);
        self.octets.put_i16(i16::from(value));
        self
    }

    /// A `smallint`, or nothing.
    pub(crate) fn optional_small(&mut self, value: Option<u8>) -> &mut Self {
        match value {
            Some(value) => self.small(value),
            None => self.nothing(&Type::INT2),
        }
    }

    /// A truth value.
    pub(crate) fn flag(&mut self, value: bool) -> &mut Self {
        self.head(&Type::BOOL, 1);
        self.octets.put_u8(u8::from(value));
        self
    }

    /// A truth value, or nothing.
    pub(crate) fn optional_flag(&mut self, value: Option<bool>) -> &mut Self {
        match value {
            Some(value) => self.flag(value),
            None => self.nothing(&Type::BOOL),
        }
    }

    /// A text.
    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        let value = holdable(value);
        self.sized(&Type::TEXT, value.as_bytes())
    }

    /// A text, or nothing.
    pub(crate) fn optional_text(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(value),
            None => self.nothing(&Type::TEXT),
        }
    }

    /// Octets.
    pub(crate) fn blob(&mut self, value: &[u8]) -> &mut Self {
        self.sized(&Type::BYTEA, value)
    }

    fn sized(&mut self, ty: &Type, octets: &[u8]) -> &mut Self {
        // More than 2 GiB never gets here; the server would refuse the row.
        self.head(ty, i32::try_from(octets.len()).unwrap_or(i32::MAX));
        self.octets.put_slice(octets);
        self
    }

    fn nothing(&mut self, ty: &Type) -> &mut Self {
        self.head(ty, -1);
        self
    }
}

impl ToSql for Rows {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Kind::Array(element) = ty.kind() else { return Err("not an array of rows".into()) };
        let dimensions = i32::from(self.rows > 0);
        out.put_i32(dimensions);
        // There are no elements that are nothing.
        out.put_i32(0);
        out.put_u32(element.oid());
        if dimensions > 0 {
            out.put_i32(self.rows);
            out.put_i32(1);
            out.put_slice(&self.octets);
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Array(element) if matches!(element.kind(), Kind::Composite(_)))
    }

    to_sql_checked!();
}

/// One row as a parameter of its own.
#[derive(Debug)]
pub(crate) struct Single(pub(crate) Rows);

impl ToSql for Single {
    fn to_sql(&self, _ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        // Without the length, which stands before it as before every parameter.
        out.put_slice(self.0.octets.get(4..).ok_or("no row")?);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Composite(_))
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::{Rows, holdable};

    #[test]
    fn text_with_a_nul_is_held_as_its_picture() {
        assert_eq!(holdable("a\0b"), "a\u{2400}b");
        assert_eq!(holdable("plain"), "plain");
    }

    #[test]
    fn a_row_has_its_length_and_its_columns() {
        let mut rows = Rows::default();
        rows.push(3, |row| {
            row.big(1).optional_small(None).text("ab");
        });
        assert_eq!(rows.rows, 1);
        let expected: Vec<u8> = [
            [0, 0, 0, 38, 0, 0, 0, 3].as_slice(),
            &[0, 0, 0, 20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0, 0, 0, 21, 255, 255, 255, 255],
            &[0, 0, 0, 25, 0, 0, 0, 2, b'a', b'b'],
        ]
        .concat();
        assert_eq!(rows.octets.as_ref(), expected.as_slice());
    }
}
