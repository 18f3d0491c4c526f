-- The archive of whole days belongs to SQLite, see its migration of the same name: traffic is divided by month
-- here. These tables stay empty, so that both engines have the same tables.
CREATE TABLE past_block (
    block bigint PRIMARY KEY,
    day bigint NOT NULL,
    low bigint NOT NULL,
    high bigint NOT NULL,
    submission_low bigint NOT NULL,
    submission_high bigint NOT NULL,
    messages bigint NOT NULL,
    written_at bigint NOT NULL,
    accounts bytea NOT NULL,
    recipients bytea NOT NULL
);
CREATE TABLE past_content (
    block bigint PRIMARY KEY,
    facts bytea NOT NULL,
    sealed bytea NOT NULL
);
CREATE TABLE past_lot (
    lot bigint NOT NULL,
    charge bigint NOT NULL,
    micros bigint NOT NULL,
    PRIMARY KEY (lot, charge)
);
