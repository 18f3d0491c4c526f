//! Rows of contacts and of what accounts set up under names: columns, decoders, and the question for a list of
//! contacts, which both engines ask in the same words. The companion of `codec`.

use ports::store::{ContactFilter, ContactRow, ListedContact, PAGE_ROWS_MAX, ResourceRow};
use types::id::RowKey;
use types::resource::{ResourceKind, ReviewState};
use types::suppression::SuppressionReason;

use crate::codec::{Cells, Columns};
use crate::fault::Fault;

/// Columns of a contact.
macro_rules! contact_columns {
    () => {
        "c.key, c.tail, c.account, c.number_hash, c.language, c.data_key, c.sealed, c.created_at, c.changed_at"
    };
}
pub(crate) use contact_columns;

/// Columns of what has a name.
macro_rules! resource_columns {
    () => {
        "key, tail, account, kind, name, state, document, created_at, changed_at"
    };
}
pub(crate) use resource_columns;

/// The row of `contact_columns!`.
pub(crate) fn contact(row: &dyn Columns) -> Result<ContactRow, Fault> {
    contact_of(&mut Cells::new(row, "contact"))
}

fn contact_of(cells: &mut Cells<'_>) -> Result<ContactRow, Fault> {
    Ok(ContactRow {
        key: cells.key()?,
        tail: cells.tail()?,
        account: cells.account()?,
        number_hash: cells.int()?,
        language: cells.text()?,
        data_key: cells.int()?,
        sealed: cells.blob()?,
        created_at: cells.time()?,
        changed_at: cells.time()?,
    })
}

/// The row of a [`ListQuestion`], without its groups.
pub(crate) fn listed(row: &dyn Columns) -> Result<ListedContact, Fault> {
    let cells = &mut Cells::new(row, "contact");
    let contact = contact_of(cells)?;
    let suppressed = cells.optional_coded(SuppressionReason::from_code)?;
    Ok(ListedContact { contact, suppressed, groups: Vec::new() })
}

/// `contact, contact_group`.
pub(crate) fn membership(row: &dyn Columns) -> Result<(RowKey, RowKey), Fault> {
    let cells = &mut Cells::new(row, "contact_membership");
    Ok((cells.key()?, cells.key()?))
}

/// The row of `resource_columns!`.
pub(crate) fn resource(row: &dyn Columns) -> Result<ResourceRow, Fault> {
    let cells = &mut Cells::new(row, "resource");
    Ok(ResourceRow {
        key: cells.key()?,
        tail: cells.tail()?,
        account: cells.account()?,
        kind: cells.coded(ResourceKind::from_code)?,
        name: cells.text()?,
        state: cells.coded(ReviewState::from_code)?,
        document: cells.text()?,
        created_at: cells.time()?,
        changed_at: cells.time()?,
    })
}

/// A value of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    Int(i64),
    Text(String),
}

/// The question for a page of contacts.
pub(crate) struct ListQuestion {
    pub(crate) sql: String,
    /// The values that stand in it, by their places from one.
    pub(crate) given: Vec<Given>,
    /// The rows of the page; one more is asked for.
    pub(crate) limit: usize,
}

impl ListQuestion {
    /// `mark` is what stands before the place of a value: `?` or `$`.
    pub(crate) fn new(filter: &ContactFilter, mark: char) -> Self {
        let limit = filter.limit.clamp(1, PAGE_ROWS_MAX);
        let before = filter.before.map_or(i64::MAX, RowKey::as_i64);
        let rows = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let mut given = vec![Given::Int(filter.account.0), Given::Int(before), Given::Int(rows)];
        let mut place = |value: Given| {
            given.push(value);
            format!("{mark}{}", given.len())
        };
        // A group is walked by its own order, so that a small one costs little in a large account.
        let (from, key) = match filter.group {
            None => ("contact c WHERE ".to_owned(), "c.key"),
            Some(group) => {
                let group = place(Given::Int(group.as_i64()));
                let joined = "contact_membership m CROSS JOIN contact c WHERE c.key = m.contact";
                (format!("{joined} AND m.contact_group = {group} AND "), "m.contact")
            }
        };
        let numbers = [("c.key", filter.key.map(RowKey::as_i64)), ("c.number_hash", filter.number_hash)];
        let numbers = numbers.into_iter().filter_map(|(column, value)| Some((column, Given::Int(value?))));
        let language = filter.language.clone().map(|tag| ("c.language", Given::Text(tag)));
        let narrower: String = numbers
            .chain(language)
            .map(|(column, value)| format!(" AND {column} = {}", place(value)))
            .collect();
        // One number may be on several lists; the reason that comes first stands for all.
        let scopes = match filter.scope.clone() {
            None => "= ''".to_owned(),
            Some(scope) => format!("IN ('', {})", place(Given::Text(scope))),
        };
        let sql = format!(
            "SELECT {}, (SELECT min(s.reason) FROM suppression s WHERE s.account = c.account \
             AND s.scope {scopes} AND s.number_hash = c.number_hash) FROM {from}c.account = {mark}1 AND {key} < {mark}2{narrower} \
             ORDER BY {key} DESC LIMIT {mark}3",
            contact_columns!()
        );
        Self { sql, given, limit }
    }
}
