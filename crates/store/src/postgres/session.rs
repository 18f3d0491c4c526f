//! One connection: its statements, prepared once, and its answers as rows of the store.
//!
//! Errors lose here what may name a person: of what the server says only the code and the first line
//! are kept, which hold names of tables and constraints. Start at [`connect`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio::runtime::Handle;
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Client, NoTls, Row, Statement};

use super::tls::{self, Tls};
use super::url::{Encryption, PostgresUrl};
use crate::codec::{Columns, single};
use crate::fault::Fault;

/// How long making a connection may take in all, over all hosts of the address.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// A parameter of a statement.
pub(crate) type Param<'a> = &'a (dyn ToSql + Sync);

/// What the server said, without what may name a person.
#[derive(Debug)]
pub(crate) struct Said {
    /// The five characters of SQLSTATE.
    pub(crate) code: String,
    /// The first line: no values of rows.
    text: String,
    /// The table, when a constraint of one was broken.
    pub(crate) table: Option<String>,
    /// Whether the statement is over and the connection is well.
    pub(crate) is_over: bool,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.code)
    }
}

impl Error for Said {}

/// Codes that say nothing of the statement but of the server: it starts, stops, takes no more
/// connections or takes no writes.
const AWAY: [&str; 6] = ["57P01", "57P02", "57P03", "53300", "25006", "25P03"];

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            let is_io = Error::source(&error).is_some_and(<dyn Error>::is::<std::io::Error>);
            return if error.is_closed() || is_io {
                Self::Unreachable(Box::new(error))
            } else {
                Self::Engine(Box::new(error))
            };
        };
        let code = said.code().code().to_owned();
        let is_away = AWAY.contains(&code.as_str()) || code.starts_with("08");
        let said = Said {
            text: said.message().lines().next().unwrap_or_default().to_owned(),
            table: said.table().map(str::to_owned),
            is_over: said.severity() == "ERROR",
            code,
        };
        if is_away { Self::Unreachable(Box::new(said)) } else { Self::Engine(Box::new(said)) }
    }
}

impl Fault {
    /// What the server said, if it said anything.
    pub(crate) fn said(&self) -> Option<&Said> {
        match self {
            Self::Engine(source) | Self::Unreachable(source) => source.downcast_ref(),
            Self::Corrupt(_) | Self::Guard(_) => None,
        }
    }
}

/// An integer of any width, or a truth value.
struct Whole(i64);

impl<'a> FromSql<'a> for Whole {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let value = match *ty {
            Type::BOOL => i64::from(bool::from_sql(ty, raw)?),
            Type::INT2 => i64::from(i16::from_sql(ty, raw)?),
            Type::INT4 => i64::from(i32::from_sql(ty, raw)?),
            _ => i64::from_sql(ty, raw)?,
        };
        Ok(Self(value))
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::BOOL | Type::INT2 | Type::INT4 | Type::INT8)
    }
}

impl Columns for Row {
    fn int(&self, column: usize) -> Result<Option<i64>, Fault> {
        Ok(self.try_get::<_, Option<Whole>>(column)?.map(|whole| whole.0))
    }

    fn text(&self, column: usize) -> Result<Option<String>, Fault> {
        Ok(self.try_get(column)?)
    }

    fn blob(&self, column: usize) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.try_get(column)?)
    }
}

/// A connection with its prepared statements.
pub(crate) struct Session {
    client: Client,
    prepared: Mutex<HashMap<Cow<'static, str>, Statement>>,
}

/// Connects. The connection's own task runs on `runtime` until the session is dropped.
pub(crate) async fn connect(url: &PostgresUrl, runtime: &Handle) -> Result<Session, Fault> {
    let made = async {
        match &url.encryption {
            Encryption::None => {
                let (client, connection) = url.config.connect(NoTls).await?;
                runtime.spawn(watched(connection));
                Ok(client)
            }
            Encryption::Checked(root_file) => {
                let config = tls::client_config(root_file.as_deref())
                    .map_err(|sentence| Fault::Engine(sentence.into()))?;
                let (client, connection) = url.config.connect(Tls::new(config)).await?;
                runtime.spawn(watched(connection));
                Ok(client)
            }
        }
    };
    let late = |_| Fault::Unreachable("no answer within the time for a connection".into());
    let client = tokio::time::timeout(CONNECT_LIMIT, made).await.map_err(late)?.map_err(unreachable)?;
    Ok(Session { client, prepared: Mutex::default() })
}

/// A connection that could not be made is one that cannot be reached, unless the server answered no.
fn unreachable(fault: Fault) -> Fault {
    match fault {
        Fault::Engine(source) if source.is::<tokio_postgres::Error>() => Fault::Unreachable(source),
        other => other,
    }
}

async fn watched(connection: impl Future<Output = Result<(), tokio_postgres::Error>>) {
    if let Err(error) = connection.await {
        let fault = Fault::from(error);
        let why: &dyn fmt::Display = match &fault {
            Fault::Engine(source) | Fault::Unreachable(source) => source,
            Fault::Corrupt(word) | Fault::Guard(word) => word,
        };
        tracing::warn!(error = %why, "a connection to the database was lost");
    }
}

impl Session {
    /// Whether the connection is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// A statement, prepared on its first use.
    pub(crate) async fn statement(&self, sql: impl Into<Cow<'static, str>>) -> Result<Statement, Fault> {
        let sql = sql.into();
        if let Some(known) = self.prepared().get(&sql) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(&sql).await?;
        self.prepared().insert(sql, statement.clone());
        Ok(statement)
    }

    fn prepared(&self) -> std::sync::MutexGuard<'_, HashMap<Cow<'static, str>, Statement>> {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All rows of a query, decoded.
    pub(crate) async fn all<T>(
        &self,
        sql: impl Into<Cow<'static, str>>,
        params: &[Param<'_>],
        decode: fn(&dyn Columns) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let statement = self.statement(sql).await?;
        let rows = self.client.query(&statement, params).await?;
        rows.iter().map(|row| decode(row)).collect()
    }

    /// The first row of a query, decoded.
    pub(crate) async fn first<T>(
        &self,
        sql: &'static str,
        params: &[Param<'_>],
        decode: fn(&dyn Columns) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let statement = self.statement(sql).await?;
        let rows = self.client.query(&statement, params).await?;
        rows.first().map(|row| decode(row)).transpose()
    }

    /// The integer that a query gives; `NULL` and no row are zero.
    pub(crate) async fn integer(&self, sql: &'static str, params: &[Param<'_>]) -> Result<i64, Fault> {
        let found = self.first(sql, params, |row| row.int(0)).await?;
        Ok(found.flatten().unwrap_or(0))
    }

    /// Runs a statement; gives how many rows it touched.
    pub(crate) async fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, Fault> {
        let statement = self.statement(sql).await?;
        Ok(self.client.execute(&statement, params).await?)
    }

    /// Runs statements without parameters, one after another, in one round trip.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// All rows of a question that is asked once, as they come.
    pub(crate) async fn rows(&self, sql: &str) -> Result<Vec<Row>, Fault> {
        Ok(self.client.query(sql, &[]).await?)
    }

    /// The types of the columns of a question.
    pub(crate) async fn types(&self, sql: &str) -> Result<Vec<Type>, Fault> {
        let statement = self.client.prepare(sql).await?;
        Ok(statement.columns().iter().map(|column| column.type_().clone()).collect())
    }

    /// Runs a `COPY … FROM STDIN` with these octets; gives how many rows it has written.
    pub(crate) async fn copy_in(&self, sql: &str, octets: Bytes) -> Result<u64, Fault> {
        let mut sink = std::pin::pin!(self.client.copy_in(sql).await?);
        sink.send(octets).await?;
        Ok(sink.finish().await?)
    }

    /// The number of the server's process behind this connection.
    pub(crate) async fn process(&self) -> Result<i64, Fault> {
        let found = self.first("SELECT pg_backend_pid()", &[], single).await?;
        Ok(found.unwrap_or(0))
    }

    /// Runs `work` in a transaction that is rolled back when it fails.
    pub(crate) async fn in_transaction<T>(
        &self,
        begin: &str,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        self.run(begin).await?;
        match work.await {
            Ok(value) => {
                self.run("COMMIT").await?;
                Ok(value)
            }
            Err(fault) => {
                if let Err(worse) = self.run("ROLLBACK").await {
                    tracing::debug!(fault = ?worse, "a transaction could not be rolled back");
                }
                Err(fault)
            }
        }
    }
}
