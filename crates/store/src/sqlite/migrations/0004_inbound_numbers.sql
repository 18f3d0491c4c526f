-- Numbers and short codes of the operator to which phones write. `account` is NULL while nobody holds one;
-- `route` is the code of where goes what is written to it, `endpoint` the address where that names one.
CREATE TABLE inbound_number (
    number INTEGER PRIMARY KEY,
    account INTEGER,
    route INTEGER NOT NULL,
    endpoint INTEGER,
    added_at INTEGER NOT NULL,
    assigned_at INTEGER
) STRICT;
