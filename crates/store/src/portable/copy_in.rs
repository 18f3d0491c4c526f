//! Rows in the binary form of PostgreSQL's `COPY … FROM STDIN`.
//!
//! A signature, then for each row the number of its columns and for each column its length and its
//! octets, then an end ("COPY", section "Binary Format", of PostgreSQL's reference).

use bytes::{BufMut, Bytes, BytesMut};
use tokio_postgres::types::Type;

use super::row::{Cell, Row};
use crate::fault::Fault;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// The length of a NULL.
const NOTHING: i32 = -1;
/// What stands in place of a row's number of columns at the end.
const END: i16 = -1;

/// The octets of rows whose cells are of these types.
pub(crate) fn encode(rows: &[Row], types: &[Type]) -> Result<Bytes, Fault> {
    let mut octets = BytesMut::with_capacity(rows.len() * 128);
    octets.put_slice(SIGNATURE);
    // No flags, and no extension of the header.
    octets.put_i64(0);
    let columns = i16::try_from(types.len()).map_err(|_| Fault::Corrupt("a row with too many columns"))?;
    for row in rows {
        if row.len() != types.len() {
            return Err(Fault::Corrupt("a row with other columns"));
        }
        octets.put_i16(columns);
        for (cell, ty) in row.iter().zip(types) {
            put(&mut octets, cell, ty)?;
        }
    }
    octets.put_i16(END);
    Ok(octets.freeze())
}

fn put(octets: &mut BytesMut, cell: &Cell, ty: &Type) -> Result<(), Fault> {
    let unfit = || Fault::Corrupt("a value that its column cannot hold");
    match (cell, ty) {
        (Cell::Nothing, _) => octets.put_i32(NOTHING),
        (Cell::Number(number), &Type::INT8) => {
            octets.put_i32(8);
            octets.put_i64(*number);
        }
        (Cell::Number(number), &Type::INT4) => {
            octets.put_i32(4);
            octets.put_i32(i32::try_from(*number).map_err(|_| unfit())?);
        }
        (Cell::Number(number), &Type::INT2) => {
            octets.put_i32(2);
            octets.put_i16(i16::try_from(*number).map_err(|_| unfit())?);
        }
        (Cell::Number(number @ (0 | 1)), &Type::BOOL) => {
            octets.put_i32(1);
            octets.put_u8(u8::from(*number == 1));
        }
        (Cell::Text(text), &Type::TEXT) => put_octets(octets, text.as_bytes())?,
        (Cell::Octets(value), &Type::BYTEA) => put_octets(octets, value)?,
        _ => return Err(unfit()),
    }
    Ok(())
}

fn put_octets(octets: &mut BytesMut, value: &[u8]) -> Result<(), Fault> {
    octets.put_i32(i32::try_from(value.len()).map_err(|_| Fault::Corrupt("a value that is too long"))?);
    octets.put_slice(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio_postgres::types::Type;

    use super::{SIGNATURE, encode};
    use crate::portable::row::Cell;

    #[test]
    fn rows_are_written_as_the_reference_says() {
        let types = [Type::INT2, Type::BOOL, Type::TEXT, Type::BYTEA, Type::INT8];
        let row = vec![
            Cell::Number(-2),
            Cell::Number(1),
            Cell::Text("é".into()),
            Cell::Nothing,
            Cell::Number(i64::MAX),
        ];
        let octets = encode(&[row], &types).unwrap();
        let body = octets.strip_prefix(SIGNATURE).unwrap();
        let expected: &[&[u8]] = &[
            &[0; 8],
            &[0, 5],
            &[0, 0, 0, 2, 0xff, 0xfe],
            &[0, 0, 0, 1, 1],
            &[0, 0, 0, 2, 0xc3, 0xa9],
            &[0xff; 4],
            &[0, 0, 0, 8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0xff, 0xff],
        ];
        assert_eq!(body, expected.concat());
    }

    #[test]
    fn what_a_column_cannot_hold_is_refused() {
        let cases = [
            (Cell::Number(40_000), Type::INT2),
            (Cell::Number(1 << 40), Type::INT4),
            (Cell::Number(2), Type::BOOL),
            (Cell::Number(2), Type::TEXT),
            (Cell::Text("x".into()), Type::BYTEA),
            (Cell::Octets(vec![1]), Type::TEXT),
        ];
        for (cell, ty) in cases {
            assert!(encode(&[vec![cell.clone()]], std::slice::from_ref(&ty)).is_err(), "{cell:?} {ty}");
        }
        assert!(encode(&[vec![Cell::Nothing]], &[]).is_err());
    }
}
