-- From which sender of a pool a recipient heard last; `pool` is the key of a resource, and `number_hash` the
-- keyed hash that `message.recipient_hash` has too.
CREATE TABLE sender_memory (
    pool INTEGER NOT NULL,
    number_hash INTEGER NOT NULL,
    sender TEXT NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (pool, number_hash)
) STRICT, WITHOUT ROWID;
