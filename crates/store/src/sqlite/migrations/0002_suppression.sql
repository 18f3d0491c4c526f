-- Recipients that an account must not message. `scope` is empty for all messages of the account;
-- `number_hash` is the keyed hash that `message.recipient_hash` has too, and the number itself is sealed.
-- Versions before this one know nothing of the list: what they send is not held against it.
CREATE TABLE suppression (
    key INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    scope TEXT NOT NULL,
    number_hash INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    source TEXT NOT NULL,
    data_key INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account, scope, number_hash)
) STRICT;
CREATE INDEX suppression_by_account ON suppression (account, key);
CREATE INDEX suppression_by_number ON suppression (account, number_hash);
