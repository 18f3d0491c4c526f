-- What an account has phones answered that write a keyword; `keyword` is the code of what it means. Without a
-- row they are answered nothing.
CREATE TABLE keyword_reply (
    account INTEGER NOT NULL,
    keyword INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (account, keyword)
) STRICT, WITHOUT ROWID;
