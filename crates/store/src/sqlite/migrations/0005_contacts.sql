-- People whom an account writes to; `number_hash` is the keyed hash that `message.recipient_hash` has too, and
-- what names the person is sealed.
CREATE TABLE contact (
    key INTEGER PRIMARY KEY,
    tail INTEGER NOT NULL,
    account INTEGER NOT NULL,
    number_hash INTEGER NOT NULL,
    language TEXT NOT NULL,
    data_key INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    UNIQUE (account, number_hash)
) STRICT;
CREATE INDEX contact_by_account ON contact (account, key);
-- Who is in which group; `contact_group` is the key of a resource.
CREATE TABLE contact_membership (
    contact_group INTEGER NOT NULL,
    contact INTEGER NOT NULL,
    PRIMARY KEY (contact_group, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_membership_by_contact ON contact_membership (contact);
-- What an account has set up under a name: groups, senders, pools, templates, signatures. `kind` and `state`
-- are codes; `document` is JSON by its kind.
CREATE TABLE resource (
    key INTEGER PRIMARY KEY,
    tail INTEGER NOT NULL,
    account INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    state INTEGER NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    UNIQUE (account, kind, name)
) STRICT;
