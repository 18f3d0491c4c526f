-- Recipients that an account must not message. `scope` is empty for all messages of the account;
-- `number_hash` is the keyed hash that `message.recipient_hash` has too, and the number itself is sealed.
CREATE TABLE suppression (
    key bigint PRIMARY KEY,
    account bigint NOT NULL,
    number_hash bigint NOT NULL,
    data_key bigint NOT NULL,
    created_at bigint NOT NULL,
    reason smallint NOT NULL,
    scope text COLLATE "C" NOT NULL,
    source text NOT NULL,
    sealed bytea NOT NULL,
    UNIQUE (account, scope, number_hash)
);
CREATE INDEX suppression_by_account ON suppression (account, key);
CREATE INDEX suppression_by_number ON suppression (account, number_hash);
