-- The first schema. Times are milliseconds since the Unix epoch, money is integer micro-units,
-- states and other enums are the small codes of the `types` crate (see `code_name`).
-- `key` columns are time-ordered row keys: (Unix milliseconds << 21) | sequence.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Names of codes, for people who read the tables with SQL tools.
CREATE TABLE code_name (
    kind TEXT NOT NULL,
    code INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (kind, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE data_key (
    id INTEGER PRIMARY KEY,
    account INTEGER,
    class INTEGER NOT NULL,
    period INTEGER NOT NULL,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    sid BLOB NOT NULL UNIQUE,
    parent INTEGER,
    name TEXT NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    unit TEXT NOT NULL,
    price_book TEXT NOT NULL,
    region TEXT,
    default_class INTEGER NOT NULL,
    default_endpoint INTEGER,
    rate_per_second INTEGER NOT NULL,
    window INTEGER NOT NULL,
    binds INTEGER NOT NULL,
    repeat_guard_s INTEGER NOT NULL,
    allow_private_callbacks INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE credential (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    data_key INTEGER NOT NULL,
    sealed_secret BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    UNIQUE (kind, name)
) STRICT;
CREATE INDEX credential_by_account ON credential (account);

CREATE TABLE endpoint (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    url_hash INTEGER NOT NULL,
    data_key INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    disabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account, kind, url_hash)
) STRICT;

CREATE TABLE person (
    id INTEGER PRIMARY KEY,
    account INTEGER,
    email TEXT NOT NULL UNIQUE,
    role INTEGER NOT NULL,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    disabled INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
    token_hash BLOB PRIMARY KEY,
    person INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
    kind INTEGER NOT NULL,
    number INTEGER NOT NULL,
    document TEXT NOT NULL,
    author TEXT NOT NULL,
    comment TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (kind, number)
) STRICT;

CREATE TABLE connector (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE submission (
    key INTEGER PRIMARY KEY,
    tail INTEGER NOT NULL,
    account INTEGER NOT NULL,
    door INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    messages INTEGER NOT NULL
) STRICT;

-- Submissions that are not visible yet; nearly always empty.
CREATE TABLE staged (
    submission INTEGER PRIMARY KEY
) STRICT;

CREATE TABLE idempotency (
    account INTEGER NOT NULL,
    key_hash BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    submission INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (account, key_hash)
) STRICT, WITHOUT ROWID;

-- What a message was admitted as; written once. The two columns that lists search for come first,
-- because a scan of the newest rows reads nothing behind them. `levels` has the price of each account
-- above as account:micros:unit:book version:parts with commas between; NULL where there is none.
CREATE TABLE message (
    key INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    recipient_hash INTEGER NOT NULL,
    submission INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    country TEXT NOT NULL,
    price_unit TEXT NOT NULL,
    parts INTEGER NOT NULL,
    position INTEGER NOT NULL,
    tail INTEGER NOT NULL,
    door INTEGER NOT NULL,
    class INTEGER NOT NULL,
    traffic_type TEXT NOT NULL,
    network TEXT,
    network_source INTEGER,
    network_version INTEGER,
    network_ported INTEGER,
    network_checked_at INTEGER,
    content_hash INTEGER NOT NULL,
    book_version INTEGER NOT NULL,
    charge_trigger INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    send_at INTEGER,
    expires_at INTEGER NOT NULL,
    report_endpoint INTEGER,
    report_steps INTEGER NOT NULL,
    report_failures_only INTEGER NOT NULL,
    levels TEXT,
    region TEXT NOT NULL,
    profile_version INTEGER NOT NULL,
    traffic_version INTEGER NOT NULL,
    data_key INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

-- How far a message has come. Apart from `message`, because it changes several times and a small
-- row is cheap to change; with the price, so that the ledger is proved from this table alone. `lot` is
-- NULL where several lots pay: `message_lot` has them.
CREATE TABLE progress (
    key INTEGER PRIMARY KEY,
    open INTEGER NOT NULL,
    version INTEGER NOT NULL,
    state INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    flags INTEGER NOT NULL,
    charge INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    events INTEGER NOT NULL,
    connector INTEGER,
    due_at INTEGER NOT NULL,
    submitted_at INTEGER,
    final_at INTEGER,
    lot INTEGER,
    price_micros INTEGER NOT NULL
) STRICT;
CREATE INDEX progress_open ON progress (key) WHERE open = 1;

-- What each of several lots pays of a message, in spending order from zero; only for messages that no
-- single lot covered.
CREATE TABLE message_lot (
    message INTEGER NOT NULL,
    position INTEGER NOT NULL,
    lot INTEGER NOT NULL,
    micros INTEGER NOT NULL,
    PRIMARY KEY (message, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE body (
    message INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;

-- What was sent: with the content, the form (data coding to rendering) gives the octets of each part.
-- `only_parts` has the numbers of the parts that were sent, an octet each; none for all. The cost is
-- what the supplier would ask, written ahead; what is owed follows from the answers and receipts.
CREATE TABLE attempt (
    message INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    connector INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    only_parts BLOB NOT NULL,
    data_coding INTEGER NOT NULL,
    encoding INTEGER NOT NULL,
    joined INTEGER NOT NULL,
    reference INTEGER NOT NULL,
    rendering INTEGER NOT NULL,
    network TEXT,
    network_source INTEGER,
    network_version INTEGER,
    network_ported INTEGER,
    network_checked_at INTEGER,
    cost_micros INTEGER,
    cost_unit TEXT,
    cost_trigger INTEGER,
    deck_version INTEGER,
    traffic_version INTEGER NOT NULL,
    route INTEGER NOT NULL,
    passed_over TEXT NOT NULL,
    sealed_sent BLOB NOT NULL,
    PRIMARY KEY (message, attempt)
) STRICT, WITHOUT ROWID;

-- `answer` counts the answers to one part from zero; a second one is a late answer.
CREATE TABLE attempt_part (
    message INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    part INTEGER NOT NULL,
    answer INTEGER NOT NULL,
    verdict INTEGER NOT NULL,
    status INTEGER NOT NULL,
    carrier_id TEXT,
    written_at INTEGER NOT NULL,
    answered_at INTEGER NOT NULL,
    PRIMARY KEY (message, attempt, part, answer)
) STRICT, WITHOUT ROWID;

-- `zone` is the supplier's, for both dates. `tlvs` has the optional parameters that name no person; the
-- others are in `sealed_echo`. `mapping_version` is the document that said what the words mean.
CREATE TABLE receipt (
    message INTEGER NOT NULL,
    key INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    part INTEGER NOT NULL,
    origin INTEGER NOT NULL,
    state INTEGER NOT NULL,
    stat TEXT NOT NULL,
    error TEXT NOT NULL,
    submit_date TEXT NOT NULL,
    done_date TEXT NOT NULL,
    zone TEXT NOT NULL,
    tlvs BLOB NOT NULL,
    mapping_version INTEGER NOT NULL,
    read_at INTEGER NOT NULL,
    contradicts INTEGER NOT NULL,
    sealed_echo BLOB NOT NULL,
    PRIMARY KEY (message, key)
) STRICT, WITHOUT ROWID;

-- Carrier ids in the order in which they came. The writer keeps their hashes in memory; older ones
-- are moved to sorted runs in `receipt_map_closed`.
CREATE TABLE receipt_map (
    seq INTEGER PRIMARY KEY,
    connector INTEGER NOT NULL,
    carrier_id TEXT NOT NULL,
    message INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    part INTEGER NOT NULL
) STRICT;

CREATE TABLE receipt_map_closed (
    run INTEGER NOT NULL,
    hash INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    connector INTEGER NOT NULL,
    carrier_id TEXT NOT NULL,
    message INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    part INTEGER NOT NULL,
    PRIMARY KEY (run, hash, seq)
) STRICT, WITHOUT ROWID;

-- Sorted runs that are complete. `low` is below and `high` is the highest key or seq in the run.
CREATE TABLE sorted_run (
    kind INTEGER NOT NULL,
    run INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    PRIMARY KEY (kind, run)
) STRICT, WITHOUT ROWID;

CREATE TABLE message_by_account (
    run INTEGER NOT NULL,
    account INTEGER NOT NULL,
    key INTEGER NOT NULL,
    PRIMARY KEY (run, account, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE message_by_recipient (
    run INTEGER NOT NULL,
    recipient_hash INTEGER NOT NULL,
    key INTEGER NOT NULL,
    PRIMARY KEY (run, recipient_hash, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE posting_by_account (
    run INTEGER NOT NULL,
    account INTEGER NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (run, account, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE parked_receipt (
    key INTEGER PRIMARY KEY,
    connector INTEGER NOT NULL,
    carrier_id TEXT NOT NULL,
    data_key INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    read_at INTEGER NOT NULL
) STRICT;
CREATE INDEX parked_receipt_by_carrier_id ON parked_receipt (connector, carrier_id);

CREATE TABLE lot (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    unit TEXT NOT NULL,
    granted_micros INTEGER NOT NULL,
    available_micros INTEGER NOT NULL,
    held_micros INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    source TEXT NOT NULL
) STRICT;
CREATE INDEX lot_by_account ON lot (account);

-- Append only. `commit_seq` is `journal.seq`.
CREATE TABLE posting (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    lot INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    amount_micros INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    policy INTEGER NOT NULL,
    commit_seq INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE inbound (
    key INTEGER PRIMARY KEY,
    tail INTEGER NOT NULL,
    account INTEGER,
    connector INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    data_key INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX inbound_by_account ON inbound (account, key);

-- Events to tell, and for a while those that were told. `next_at` and `told_at` take turns: telling
-- an event leaves its row as long as it was, so that it is written over in its place. A dead letter
-- has the largest `next_at` there is. An event that there was nothing to tell of has both.
CREATE TABLE outbox (
    key INTEGER PRIMARY KEY,
    endpoint INTEGER NOT NULL,
    about INTEGER NOT NULL,
    tail INTEGER NOT NULL,
    state INTEGER,
    reason INTEGER,
    receipt INTEGER,
    error INTEGER,
    seq INTEGER,
    at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    next_at INTEGER,
    told_at INTEGER
) STRICT;

-- Look-ups of events up to the key that `meta` has as `outbox_settled`. This one has those that were
-- not told; most are told before they get here.
CREATE TABLE outbox_by_endpoint (
    endpoint INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    key INTEGER NOT NULL,
    PRIMARY KEY (endpoint, dead, key)
) STRICT, WITHOUT ROWID;

-- This one has all of them.
CREATE TABLE outbox_by_about (
    about INTEGER NOT NULL,
    key INTEGER NOT NULL,
    PRIMARY KEY (about, key)
) STRICT, WITHOUT ROWID;

-- One row per commit. `last_key` is the highest row key in use; `entries` is packed (see
-- crates/store/src/journal.rs).
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    last_key INTEGER NOT NULL,
    entries BLOB NOT NULL
) STRICT;

-- State 0 counts every message admitted; the final states count where messages ended. What is
-- open is the difference, see `usage_readable`.
CREATE TABLE usage_day (
    day INTEGER NOT NULL,
    account INTEGER NOT NULL,
    country TEXT NOT NULL,
    unit TEXT NOT NULL,
    state INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    amount_micros INTEGER NOT NULL,
    PRIMARY KEY (day, account, country, unit, state)
) STRICT, WITHOUT ROWID;

CREATE VIEW message_readable AS
SELECT m.key,
       m.account,
       a.name AS account_name,
       s.name AS state,
       r.name AS reason,
       c.name AS charge,
       m.region,
       m.country,
       m.network,
       m.parts,
       p.price_micros,
       m.price_unit,
       p.attempts,
       k.name AS connector,
       datetime(m.received_at / 1000, 'unixepoch') AS received_at,
       datetime(m.accepted_at / 1000, 'unixepoch') AS accepted_at,
       datetime(p.submitted_at / 1000, 'unixepoch') AS submitted_at,
       datetime(p.final_at / 1000, 'unixepoch') AS final_at
FROM message m
JOIN progress p ON p.key = m.key
LEFT JOIN account a ON a.id = m.account
LEFT JOIN connector k ON k.id = p.connector
LEFT JOIN code_name s ON s.kind = 'state' AND s.code = p.state
LEFT JOIN code_name r ON r.kind = 'reason' AND r.code = p.reason
LEFT JOIN code_name c ON c.kind = 'charge' AND c.code = p.charge
WHERE m.submission NOT IN (SELECT submission FROM staged);

CREATE VIEW usage_readable AS
SELECT datetime(u.day / 1000, 'unixepoch') AS day,
       u.account,
       u.country,
       u.unit,
       CASE WHEN u.state = 0 THEN 'open' ELSE s.name END AS state,
       u.messages - CASE WHEN u.state = 0 THEN coalesce(f.messages, 0) ELSE 0 END AS messages,
       u.parts - CASE WHEN u.state = 0 THEN coalesce(f.parts, 0) ELSE 0 END AS parts,
       u.amount_micros - CASE WHEN u.state = 0 THEN coalesce(f.amount_micros, 0) ELSE 0 END AS amount_micros
FROM usage_day u
LEFT JOIN code_name s ON s.kind = 'state' AND s.code = u.state
LEFT JOIN (
    SELECT day, account, country, unit,
           sum(messages) AS messages, sum(parts) AS parts, sum(amount_micros) AS amount_micros
    FROM usage_day
    WHERE state > 0
    GROUP BY day, account, country, unit
) f ON f.day = u.day AND f.account = u.account AND f.country = u.country AND f.unit = u.unit;
