//! Decoders of rows that steer decisions: accounts, ways in, people, documents, keys, and of the
//! rows that come from and go to phones. The companion of `codec`.

use ports::store::{
    ConfigKind, ConfigVersion, CredentialRow, DataKeyRow, EndpointRow, InboundNumberRow, InboundRow,
    KeywordReplyRow, ParkedReceiptRow, PersonRow, PostingView, SenderMemory, SessionRow, SuppressionMark,
    SuppressionRow,
};
use types::account::{Account, AccountLimits, AccountState, CredentialKind, EndpointKind};
use types::charge::PostingKind;
use types::id::{CommitSeq, CredentialId, EndpointId, LotId, PersonId, PublicId};
use types::inbound::{InboundNumber, NumberRoute};
use types::keyword::Keyword;
use types::message::Class;
use types::role::Role;
use types::suppression::SuppressionReason;

use crate::codec::{Cells, Columns};
use crate::fault::Fault;

/// Columns of an account.
macro_rules! account_columns {
    () => {
        "id, sid, parent, name, state, unit, price_book, region, default_class, default_endpoint, \
         rate_per_second, \"window\", binds, repeat_guard_s, allow_private_callbacks, created_at"
    };
}
pub(crate) use account_columns;

/// Columns of a credential.
macro_rules! credential_columns {
    () => {
        "id, account, kind, name, data_key, sealed_secret, created_at, revoked_at"
    };
}
pub(crate) use credential_columns;

/// Columns of an endpoint.
macro_rules! endpoint_columns {
    () => {
        "id, account, kind, url_hash, data_key, sealed, disabled, created_at"
    };
}
pub(crate) use endpoint_columns;

/// Columns of a person.
macro_rules! person_columns {
    () => {
        "id, account, email, role, password_hash, created_at, disabled"
    };
}
pub(crate) use person_columns;

/// Columns of a configuration document.
macro_rules! document_columns {
    () => {
        "kind, number, document, author, comment, created_at"
    };
}
pub(crate) use document_columns;

/// Columns of a wrapped data key.
macro_rules! data_key_columns {
    () => {
        "id, account, class, period, wrapped, created_at"
    };
}
pub(crate) use data_key_columns;

/// Columns of an inbound message.
macro_rules! inbound_columns {
    () => {
        "key, tail, account, connector, received_at, data_key, sealed"
    };
}
pub(crate) use inbound_columns;

/// Columns of a number to which phones write.
macro_rules! inbound_number_columns {
    () => {
        "number, account, route, endpoint, added_at, assigned_at"
    };
}
pub(crate) use inbound_number_columns;

/// Columns of an answer to a keyword.
macro_rules! keyword_reply_columns {
    () => {
        "account, keyword, text"
    };
}
pub(crate) use keyword_reply_columns;

/// Columns of an entry of a suppression list.
macro_rules! suppression_columns {
    () => {
        "key, account, scope, number_hash, reason, source, data_key, sealed, created_at"
    };
}
pub(crate) use suppression_columns;

/// Columns of what the writer remembers of one.
macro_rules! suppression_mark_columns {
    () => {
        "key, account, scope, number_hash, reason"
    };
}
pub(crate) use suppression_mark_columns;

/// Columns of from which sender of a pool a recipient heard last.
macro_rules! sender_memory_columns {
    () => {
        "pool, number_hash, sender, used_at"
    };
}
pub(crate) use sender_memory_columns;

/// The 16 octets under which a public id is stored.
pub(crate) fn sid_octets(sid: PublicId) -> [u8; 16] {
    sid.as_u128().to_be_bytes()
}

/// The row of `account_columns!`.
pub(crate) fn account(row: &dyn Columns) -> Result<Account, Fault> {
    let cells = &mut Cells::new(row, "account");
    let id = cells.account()?;
    let sid = format!("{:032x}", u128::from_be_bytes(cells.octets()?));
    Ok(Account {
        id,
        sid: PublicId::parse(&sid).ok_or_else(|| cells.corrupt())?,
        parent: cells.optional_account()?,
        name: cells.text()?,
        state: cells.coded(AccountState::from_code)?,
        unit: cells.unit()?,
        price_book: cells.text()?,
        region: cells.optional_region()?,
        default_class: cells.coded(Class::from_code)?,
        default_endpoint: cells.optional_int()?.map(EndpointId),
        limits: AccountLimits {
            rate_per_second: cells.small()?,
            window: cells.small()?,
            binds: cells.small()?,
            repeat_guard_s: cells.small()?,
        },
        allow_private_callbacks: cells.flag()?,
        created_at: cells.time()?,
    })
}

/// The row of `credential_columns!`.
pub(crate) fn credential(row: &dyn Columns) -> Result<CredentialRow, Fault> {
    let cells = &mut Cells::new(row, "credential");
    Ok(CredentialRow {
        id: CredentialId(cells.int()?),
        account: cells.account()?,
        kind: cells.coded(CredentialKind::from_code)?,
        name: cells.text()?,
        data_key: cells.int()?,
        sealed_secret: cells.blob()?,
        created_at: cells.time()?,
        revoked_at: cells.optional_time()?,
    })
}

/// The row of `endpoint_columns!`.
pub(crate) fn endpoint(row: &dyn Columns) -> Result<EndpointRow, Fault> {
    let cells = &mut Cells::new(row, "endpoint");
    Ok(EndpointRow {
        id: EndpointId(cells.int()?),
        account: cells.account()?,
        kind: cells.coded(EndpointKind::from_code)?,
        url_hash: cells.int()?,
        data_key: cells.int()?,
        sealed: cells.blob()?,
        disabled: cells.flag()?,
        created_at: cells.time()?,
    })
}

/// The row of `person_columns!`.
pub(crate) fn person(row: &dyn Columns) -> Result<PersonRow, Fault> {
    let cells = &mut Cells::new(row, "person");
    Ok(PersonRow {
        id: PersonId(cells.int()?),
        account: cells.optional_account()?,
        email: cells.text()?,
        role: cells.coded(Role::from_code)?,
        password_hash: cells.text()?,
        created_at: cells.time()?,
        disabled: cells.flag()?,
    })
}

/// `token_hash, person, created_at, expires_at`.
pub(crate) fn session(row: &dyn Columns) -> Result<SessionRow, Fault> {
    let cells = &mut Cells::new(row, "session");
    Ok(SessionRow {
        token_hash: cells.octets()?,
        person: PersonId(cells.int()?),
        created_at: cells.time()?,
        expires_at: cells.time()?,
    })
}

const fn config_kind_from_code(code: u8) -> Option<ConfigKind> {
    match code {
        0 => Some(ConfigKind::Traffic),
        1 => Some(ConfigKind::Prices),
        2 => Some(ConfigKind::Profile),
        _ => None,
    }
}

/// The row of `document_columns!`.
pub(crate) fn document(row: &dyn Columns) -> Result<ConfigVersion, Fault> {
    let cells = &mut Cells::new(row, "document");
    Ok(ConfigVersion {
        kind: cells.coded(config_kind_from_code)?,
        number: cells.small()?,
        document: cells.text()?,
        author: cells.text()?,
        comment: cells.text()?,
        created_at: cells.time()?,
    })
}

/// The row of `data_key_columns!`.
pub(crate) fn data_key(row: &dyn Columns) -> Result<DataKeyRow, Fault> {
    let cells = &mut Cells::new(row, "data_key");
    Ok(DataKeyRow {
        id: cells.int()?,
        account: cells.optional_account()?,
        class: cells.small()?,
        period: cells.small()?,
        wrapped: cells.blob()?,
        created_at: cells.time()?,
    })
}

/// The row of `inbound_columns!`.
pub(crate) fn inbound(row: &dyn Columns) -> Result<InboundRow, Fault> {
    let cells = &mut Cells::new(row, "inbound");
    Ok(InboundRow {
        key: cells.key()?,
        tail: cells.tail()?,
        account: cells.optional_account()?,
        connector: cells.connector()?,
        received_at: cells.time()?,
        data_key: cells.int()?,
        sealed: cells.blob()?,
    })
}

/// The row of `inbound_number_columns!`.
pub(crate) fn inbound_number(row: &dyn Columns) -> Result<InboundNumberRow, Fault> {
    let cells = &mut Cells::new(row, "inbound_number");
    let number = cells.small::<u64>()?;
    Ok(InboundNumberRow {
        number: InboundNumber::from_u64(number).ok_or_else(|| cells.corrupt())?,
        account: cells.optional_account()?,
        route: cells.coded(NumberRoute::from_code)?,
        endpoint: cells.optional_int()?.map(EndpointId),
        added_at: cells.time()?,
        assigned_at: cells.optional_time()?,
    })
}

/// The row of `keyword_reply_columns!`.
pub(crate) fn keyword_reply(row: &dyn Columns) -> Result<KeywordReplyRow, Fault> {
    let cells = &mut Cells::new(row, "keyword_reply");
    Ok(KeywordReplyRow {
        account: cells.account()?,
        keyword: cells.coded(Keyword::from_code)?,
        text: cells.text()?,
    })
}

/// The row of `suppression_columns!`.
pub(crate) fn suppression(row: &dyn Columns) -> Result<SuppressionRow, Fault> {
    let cells = &mut Cells::new(row, "suppression");
    Ok(SuppressionRow {
        key: cells.key()?,
        account: cells.account()?,
        scope: cells.text()?,
        number_hash: cells.int()?,
        reason: cells.coded(SuppressionReason::from_code)?,
        source: cells.text()?,
        data_key: cells.int()?,
        sealed: cells.blob()?,
        created_at: cells.time()?,
    })
}

/// The row of `suppression_mark_columns!`.
pub(crate) fn suppression_mark(row: &dyn Columns) -> Result<SuppressionMark, Fault> {
    let cells = &mut Cells::new(row, "suppression");
    Ok(SuppressionMark {
        key: cells.key()?,
        account: cells.account()?,
        scope: cells.text()?,
        number_hash: cells.int()?,
        reason: cells.coded(SuppressionReason::from_code)?,
    })
}

/// The row of `sender_memory_columns!`.
pub(crate) fn sender_memory(row: &dyn Columns) -> Result<SenderMemory, Fault> {
    let cells = &mut Cells::new(row, "sender_memory");
    Ok(SenderMemory {
        pool: cells.key()?,
        number_hash: cells.int()?,
        sender: cells.text()?,
        used_at: cells.time()?,
    })
}

/// `key, connector, carrier_id, data_key, sealed, read_at`.
pub(crate) fn parked(row: &dyn Columns) -> Result<ParkedReceiptRow, Fault> {
    let cells = &mut Cells::new(row, "parked_receipt");
    Ok(ParkedReceiptRow {
        key: cells.key()?,
        connector: cells.connector()?,
        carrier_id: cells.text()?,
        data_key: cells.int()?,
        sealed: cells.blob()?,
        read_at: cells.time()?,
    })
}

/// `id, commit_seq, at, lot, kind, amount_micros, unit, messages, policy`.
pub(crate) fn posting(row: &dyn Columns) -> Result<PostingView, Fault> {
    let cells = &mut Cells::new(row, "posting");
    Ok(PostingView {
        id: cells.int()?,
        commit: CommitSeq(cells.int()?),
        at: cells.time()?,
        lot: LotId(cells.int()?),
        kind: cells.coded(PostingKind::from_code)?,
        amount_micros: cells.int()?,
        unit: cells.unit()?,
        messages: cells.small()?,
        policy: cells.small()?,
    })
}
