-- The first schema, PostgreSQL 15 and newer. Tables and columns mean what they mean in the schema of
-- SQLite (crates/store/src/sqlite/migrations); what differs is named in crates/store/tests/it/schemas.rs.
-- Times are milliseconds since the Unix epoch, money is integer micro-units, states and other enums are
-- the small codes of the `types` crate (see `code_name`). `key` columns are time-ordered row keys:
-- (Unix milliseconds << 21) | sequence.
--
-- Tables of traffic lead with `account`, so that they can be distributed by it, and are partitioned by
-- the month of their row key. The store makes the partitions; see crates/store/src/postgres/partitions.rs.
-- Wide columns come first, which saves the gaps that alignment makes.

CREATE TABLE meta (
    name text COLLATE "C" PRIMARY KEY,
    value bigint NOT NULL
);

-- Who may write. A commit is refused when its epoch is not the one here: of two processes, the one
-- that was taken over writes nothing any more. `expires_at` is by the clock of this server.
CREATE TABLE lease (
    name text COLLATE "C" PRIMARY KEY,
    epoch bigint NOT NULL,
    holder text NOT NULL,
    expires_at bigint NOT NULL
) WITH (fillfactor = 10);

-- Names of codes, for people who read the tables with SQL tools.
CREATE TABLE code_name (
    kind text COLLATE "C" NOT NULL,
    code smallint NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (kind, code)
);

CREATE TABLE data_key (
    id bigint PRIMARY KEY,
    account bigint,
    class smallint NOT NULL,
    period bigint NOT NULL,
    wrapped bytea NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE account (
    id bigint PRIMARY KEY,
    sid bytea NOT NULL UNIQUE,
    parent bigint,
    name text COLLATE "C" NOT NULL UNIQUE,
    state smallint NOT NULL,
    unit text COLLATE "C" NOT NULL,
    price_book text NOT NULL,
    region text,
    default_class smallint NOT NULL,
    default_endpoint bigint,
    rate_per_second bigint NOT NULL,
    "window" bigint NOT NULL,
    binds bigint NOT NULL,
    repeat_guard_s bigint NOT NULL,
    allow_private_callbacks boolean NOT NULL,
    created_at bigint NOT NULL
);

CREATE TABLE credential (
    id bigint PRIMARY KEY,
    account bigint NOT NULL,
    kind smallint NOT NULL,
    name text COLLATE "C" NOT NULL,
    data_key bigint NOT NULL,
    sealed_secret bytea NOT NULL,
    created_at bigint NOT NULL,
    revoked_at bigint,
    UNIQUE (kind, name)
);
CREATE INDEX credential_by_account ON credential (account);

CREATE TABLE endpoint (
    id bigint PRIMARY KEY,
    account bigint NOT NULL,
    kind smallint NOT NULL,
    url_hash bigint NOT NULL,
    data_key bigint NOT NULL,
    sealed bytea NOT NULL,
    disabled boolean NOT NULL,
    created_at bigint NOT NULL,
    UNIQUE (account, kind, url_hash)
);

CREATE TABLE person (
    id bigint PRIMARY KEY,
    account bigint,
    email text COLLATE "C" NOT NULL UNIQUE,
    role smallint NOT NULL,
    password_hash text NOT NULL,
    created_at bigint NOT NULL,
    disabled boolean NOT NULL
);

CREATE TABLE session (
    token_hash bytea PRIMARY KEY,
    person bigint NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);

CREATE TABLE document (
    kind smallint NOT NULL,
    number bigint NOT NULL,
    document text NOT NULL,
    author text NOT NULL,
    comment text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (kind, number)
);

CREATE TABLE connector (
    id bigint PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE submission (
    account bigint NOT NULL,
    key bigint NOT NULL,
    tail bigint NOT NULL,
    received_at bigint NOT NULL,
    messages bigint NOT NULL,
    door smallint NOT NULL,
    PRIMARY KEY (account, key)
) PARTITION BY RANGE (key);
CREATE INDEX submission_by_key ON submission (key);

-- Submissions that are not visible yet; nearly always empty.
CREATE TABLE staged (
    submission bigint PRIMARY KEY
);

CREATE TABLE idempotency (
    account bigint NOT NULL,
    key_hash bytea NOT NULL,
    fingerprint bytea NOT NULL,
    submission bigint NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (account, key_hash)
);
CREATE INDEX idempotency_by_end ON idempotency (expires_at);

-- What a message was admitted as; written once. `levels` has the price of each account above as
-- account:micros:unit:book version:parts with commas between; NULL where there is none.
CREATE TABLE message (
    account bigint NOT NULL,
    key bigint NOT NULL,
    recipient_hash bigint NOT NULL,
    submission bigint NOT NULL,
    accepted_at bigint NOT NULL,
    parts bigint NOT NULL,
    position bigint NOT NULL,
    tail bigint NOT NULL,
    content_hash bigint NOT NULL,
    book_version bigint NOT NULL,
    received_at bigint NOT NULL,
    send_at bigint,
    expires_at bigint NOT NULL,
    report_endpoint bigint,
    profile_version bigint NOT NULL,
    traffic_version bigint NOT NULL,
    data_key bigint NOT NULL,
    network_version bigint,
    network_checked_at bigint,
    network_source smallint,
    door smallint NOT NULL,
    class smallint NOT NULL,
    charge_trigger smallint NOT NULL,
    network_ported boolean,
    report_steps boolean NOT NULL,
    report_failures_only boolean NOT NULL,
    country text COLLATE "C" NOT NULL,
    price_unit text COLLATE "C" NOT NULL,
    traffic_type text NOT NULL,
    network text,
    levels text,
    region text NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (account, key)
) PARTITION BY RANGE (key);
CREATE INDEX message_by_key ON message (key);
CREATE INDEX message_by_recipient ON message (recipient_hash, key);

-- How far a message has come. Apart from `message`, because it changes several times and a small
-- row is cheap to change; with the price, so that the ledger is proved from this table alone. `lot` is
-- NULL where several lots pay: `message_lot` has them. Half of each page is left free, so that the
-- next state stands on the same page and no index is touched until the message ends.
CREATE TABLE progress (
    account bigint NOT NULL,
    key bigint NOT NULL,
    version bigint NOT NULL,
    due_at bigint NOT NULL,
    connector bigint,
    submitted_at bigint,
    final_at bigint,
    lot bigint,
    price_micros bigint NOT NULL,
    flags bigint NOT NULL,
    events integer NOT NULL,
    state smallint NOT NULL,
    reason smallint NOT NULL,
    charge smallint NOT NULL,
    attempts smallint NOT NULL,
    open boolean NOT NULL,
    PRIMARY KEY (account, key)
) PARTITION BY RANGE (key);
CREATE INDEX progress_open ON progress (key) WHERE open;

-- What each of several lots pays of a message, in spending order from zero; only for messages that no
-- single lot covered.
CREATE TABLE message_lot (
    account bigint NOT NULL,
    message bigint NOT NULL,
    position bigint NOT NULL,
    lot bigint NOT NULL,
    micros bigint NOT NULL,
    PRIMARY KEY (account, message, position)
) PARTITION BY RANGE (message);

CREATE TABLE body (
    account bigint NOT NULL,
    message bigint NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (account, message)
) PARTITION BY RANGE (message);

-- What was sent: with the content, the form (data coding to rendering) gives the octets of each part.
-- `only_parts` has the numbers of the parts that were sent, an octet each; none for all. The cost is
-- what the supplier would ask, written ahead; what is owed follows from the answers and receipts.
CREATE TABLE attempt (
    account bigint NOT NULL,
    message bigint NOT NULL,
    connector bigint NOT NULL,
    started_at bigint NOT NULL,
    traffic_version bigint NOT NULL,
    network_version bigint,
    network_checked_at bigint,
    cost_micros bigint,
    deck_version bigint,
    route integer NOT NULL,
    reference integer NOT NULL,
    attempt smallint NOT NULL,
    reason smallint NOT NULL,
    parts smallint NOT NULL,
    data_coding smallint NOT NULL,
    encoding smallint NOT NULL,
    joined smallint NOT NULL,
    rendering smallint NOT NULL,
    network_source smallint,
    cost_trigger smallint,
    network_ported boolean,
    network text,
    cost_unit text,
    passed_over text NOT NULL,
    only_parts bytea NOT NULL,
    sealed_sent bytea NOT NULL,
    PRIMARY KEY (account, message, attempt)
) PARTITION BY RANGE (message);

-- `answer` counts the answers to one part from zero; a second one is a late answer.
CREATE TABLE attempt_part (
    account bigint NOT NULL,
    message bigint NOT NULL,
    status bigint NOT NULL,
    written_at bigint NOT NULL,
    answered_at bigint NOT NULL,
    answer integer NOT NULL,
    attempt smallint NOT NULL,
    part smallint NOT NULL,
    verdict smallint NOT NULL,
    carrier_id text,
    PRIMARY KEY (account, message, attempt, part, answer)
) PARTITION BY RANGE (message);

-- `zone` is the supplier's, for both dates. `tlvs` has the optional parameters that name no person; the
-- others are in `sealed_echo`. `mapping_version` is the document that said what the words mean.
CREATE TABLE receipt (
    account bigint NOT NULL,
    message bigint NOT NULL,
    key bigint NOT NULL,
    read_at bigint NOT NULL,
    mapping_version bigint NOT NULL,
    attempt smallint NOT NULL,
    part smallint NOT NULL,
    origin smallint NOT NULL,
    state smallint NOT NULL,
    contradicts boolean NOT NULL,
    stat text NOT NULL,
    error text NOT NULL,
    submit_date text NOT NULL,
    done_date text NOT NULL,
    zone text NOT NULL,
    tlvs bytea NOT NULL,
    sealed_echo bytea NOT NULL,
    PRIMARY KEY (account, message, key)
) PARTITION BY RANGE (message);

-- Carrier ids, by the day on which they came (`at`): the index of today is small, whatever has come
-- before, and a day leaves as a whole once it can no longer be disputed. `seq` is the commit.
CREATE TABLE receipt_map (
    at bigint NOT NULL,
    seq bigint NOT NULL,
    connector bigint NOT NULL,
    message bigint NOT NULL,
    attempt smallint NOT NULL,
    part smallint NOT NULL,
    carrier_id text COLLATE "C" NOT NULL
) PARTITION BY RANGE (at);
CREATE INDEX receipt_map_by_carrier_id ON receipt_map (connector, carrier_id);

CREATE TABLE parked_receipt (
    key bigint PRIMARY KEY,
    connector bigint NOT NULL,
    carrier_id text COLLATE "C" NOT NULL,
    data_key bigint NOT NULL,
    sealed bytea NOT NULL,
    read_at bigint NOT NULL
);
CREATE INDEX parked_receipt_by_carrier_id ON parked_receipt (connector, carrier_id);

CREATE TABLE lot (
    id bigint PRIMARY KEY,
    account bigint NOT NULL,
    unit text COLLATE "C" NOT NULL,
    granted_micros bigint NOT NULL,
    available_micros bigint NOT NULL,
    held_micros bigint NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    source text NOT NULL
) WITH (fillfactor = 40);
CREATE INDEX lot_by_account ON lot (account);

-- Append only. `commit_seq` is `journal.seq`.
CREATE TABLE posting (
    account bigint NOT NULL,
    id bigint NOT NULL,
    lot bigint NOT NULL,
    amount_micros bigint NOT NULL,
    messages bigint NOT NULL,
    policy bigint NOT NULL,
    commit_seq bigint NOT NULL,
    at bigint NOT NULL,
    kind smallint NOT NULL,
    PRIMARY KEY (account, id)
);

-- `account` is 0 when nobody has the number.
CREATE TABLE inbound (
    account bigint NOT NULL,
    key bigint NOT NULL,
    tail bigint NOT NULL,
    connector bigint NOT NULL,
    received_at bigint NOT NULL,
    data_key bigint NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (account, key)
) PARTITION BY RANGE (key);
CREATE INDEX inbound_by_key ON inbound (key);

-- Events to tell, and for a while those that were told. `next_at` and `told_at` take turns. A dead
-- letter has the largest `next_at` there is. This is a list of jobs: it does not lead with an account.
CREATE TABLE outbox (
    key bigint PRIMARY KEY,
    endpoint bigint NOT NULL,
    about bigint NOT NULL,
    tail bigint NOT NULL,
    at bigint NOT NULL,
    next_at bigint,
    told_at bigint,
    error integer,
    seq integer,
    tries integer NOT NULL,
    state smallint,
    reason smallint,
    receipt smallint
) PARTITION BY RANGE (key);
CREATE INDEX outbox_by_about ON outbox (about);
CREATE INDEX outbox_waiting ON outbox (endpoint, key) WHERE told_at IS NULL AND next_at < 9223372036854775807;
CREATE INDEX outbox_dead ON outbox (endpoint, key) WHERE told_at IS NULL AND next_at = 9223372036854775807;

-- One row per commit. `last_key` and `last_posting` are the highest in use; `token` tells a commit of
-- this process from any other with the same number; `entries` is packed (see
-- crates/store/src/journal.rs).
CREATE TABLE journal (
    seq bigint PRIMARY KEY,
    at bigint NOT NULL,
    last_key bigint NOT NULL,
    last_posting bigint NOT NULL,
    token bytea NOT NULL,
    entries bytea NOT NULL
);

-- State 0 counts every message admitted; the final states count where messages ended. What is
-- open is the difference, see `usage_readable`.
CREATE TABLE usage_day (
    account bigint NOT NULL,
    day bigint NOT NULL,
    messages bigint NOT NULL,
    parts bigint NOT NULL,
    amount_micros bigint NOT NULL,
    state smallint NOT NULL,
    country text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    PRIMARY KEY (account, day, country, unit, state)
) WITH (fillfactor = 50);
CREATE INDEX usage_day_by_day ON usage_day (day);

-- What is sealed cannot be compressed.
ALTER TABLE message ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE body ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE attempt ALTER COLUMN sealed_sent SET STORAGE EXTERNAL;
ALTER TABLE receipt ALTER COLUMN sealed_echo SET STORAGE EXTERNAL;
ALTER TABLE inbound ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE journal ALTER COLUMN entries SET STORAGE EXTERNAL;

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
       to_char(to_timestamp(m.received_at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS received_at,
       to_char(to_timestamp(m.accepted_at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS accepted_at,
       to_char(to_timestamp(p.submitted_at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS submitted_at,
       to_char(to_timestamp(p.final_at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS final_at
FROM message m
JOIN progress p ON p.account = m.account AND p.key = m.key
LEFT JOIN account a ON a.id = m.account
LEFT JOIN connector k ON k.id = p.connector
LEFT JOIN code_name s ON s.kind = 'state' AND s.code = p.state
LEFT JOIN code_name r ON r.kind = 'reason' AND r.code = p.reason
LEFT JOIN code_name c ON c.kind = 'charge' AND c.code = p.charge
WHERE m.submission NOT IN (SELECT submission FROM staged);

CREATE VIEW usage_readable AS
SELECT to_char(to_timestamp(u.day / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS day,
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
