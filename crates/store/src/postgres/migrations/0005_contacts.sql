-- People whom an account writes to; `number_hash` is the keyed hash that `message.recipient_hash` has too, and
-- what names the person is sealed.
CREATE TABLE contact (
    key bigint PRIMARY KEY,
    tail bigint NOT NULL,
    account bigint NOT NULL,
    number_hash bigint NOT NULL,
    data_key bigint NOT NULL,
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    language text COLLATE "C" NOT NULL,
    sealed bytea NOT NULL,
    UNIQUE (account, number_hash)
);
CREATE INDEX contact_by_account ON contact (account, key);
-- Who is in which group; `contact_group` is the key of a resource.
CREATE TABLE contact_membership (
    contact_group bigint NOT NULL,
    contact bigint NOT NULL,
    PRIMARY KEY (contact_group, contact)
);
CREATE INDEX contact_membership_by_contact ON contact_membership (contact);
-- What an account has set up under a name: groups, senders, pools, templates, signatures. `kind` and `state`
-- are codes; `document` is JSON by its kind.
CREATE TABLE resource (
    key bigint PRIMARY KEY,
    tail bigint NOT NULL,
    account bigint NOT NULL,
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    kind smallint NOT NULL,
    state smallint NOT NULL,
    name text COLLATE "C" NOT NULL,
    document text NOT NULL,
    UNIQUE (account, kind, name)
);
