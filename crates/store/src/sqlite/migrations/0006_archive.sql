-- The archive: whole days of messages that have ended, some thousand in a block, with all their rows compressed.
-- A message is either in the tables of traffic or in one block. `low` and `high` are the first and the last
-- row key that a block was made with, `day` is the start of their UTC day; what a block says of its accounts
-- and recipients may name more than it has, and never less. Versions before this one do not look into it.
CREATE TABLE past_block (
    block INTEGER PRIMARY KEY,
    day INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    submission_low INTEGER NOT NULL,
    submission_high INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    accounts BLOB NOT NULL,
    recipients BLOB NOT NULL
) STRICT;
CREATE INDEX past_block_by_high ON past_block (high, low);

-- `facts` has the rows, `sealed` the sealed values, a group for each data key; see
-- crates/store/src/sqlite/archive/block.rs.
CREATE TABLE past_content (
    block INTEGER PRIMARY KEY,
    facts BLOB NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

-- What archived messages have held or charged of each lot, for the proof of the ledger; `charge` is the code
-- that `progress.charge` has.
CREATE TABLE past_lot (
    lot INTEGER NOT NULL,
    charge INTEGER NOT NULL,
    micros INTEGER NOT NULL,
    PRIMARY KEY (lot, charge)
) STRICT, WITHOUT ROWID;
