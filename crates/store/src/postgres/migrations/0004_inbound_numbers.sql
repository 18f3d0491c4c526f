-- Numbers and short codes of the operator to which phones write. `account` is NULL while nobody holds one;
-- `route` is the code of where goes what is written to it, `endpoint` the address where that names one.
CREATE TABLE inbound_number (
    number bigint PRIMARY KEY,
    account bigint,
    endpoint bigint,
    added_at bigint NOT NULL,
    assigned_at bigint,
    route smallint NOT NULL
);
