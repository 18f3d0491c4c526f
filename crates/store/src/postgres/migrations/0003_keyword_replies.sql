-- What an account has phones answered that write a keyword; `keyword` is the code of what it means. Without a
-- row they are answered nothing.
CREATE TABLE keyword_reply (
    account bigint NOT NULL,
    keyword smallint NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (account, keyword)
);
