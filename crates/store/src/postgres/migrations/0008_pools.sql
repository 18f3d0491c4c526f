-- From which sender of a pool a recipient heard last; `pool` is the key of a resource, and `number_hash` the
-- keyed hash that `message.recipient_hash` has too.
CREATE TABLE sender_memory (
    pool bigint NOT NULL,
    number_hash bigint NOT NULL,
    used_at bigint NOT NULL,
    sender text NOT NULL,
    PRIMARY KEY (pool, number_hash)
);
