-- +goose Up
-- The office: whose a title is, by which words of a name people are found, and what was done in which hour.

-- What a title owner owns. The role itself is a row of account_roles.
CREATE TABLE account_titles (
    account_id TEXT   NOT NULL REFERENCES accounts (id),
    title      TEXT   NOT NULL,                       -- a client of kind game
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, title)
);
CREATE INDEX account_roles_role ON account_roles (role);

-- Words of names, to find people by how one of them begins. Written as hex digits of their UTF-8: the order of those is
-- the same under every collation, so that a range is a prefix.
CREATE TABLE account_words (
    word       TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    PRIMARY KEY (word, account_id)
);
CREATE INDEX account_words_account ON account_words (account_id);

-- How often something happened in an hour: a page must not count what a busy fortnight left in the record.
CREATE TABLE figures (
    hour  BIGINT NOT NULL,                            -- its beginning
    name  TEXT   NOT NULL,                            -- an event of the record, or token.GRANT
    count BIGINT NOT NULL,
    PRIMARY KEY (hour, name)
);

-- What a request with an Idempotency-Key was answered.
CREATE TABLE answers (
    id          TEXT   NOT NULL PRIMARY KEY,          -- SHA-256 of client and key
    fingerprint TEXT   NOT NULL,                      -- SHA-256 of the request
    answer      TEXT   NOT NULL,                      -- sealed: it may hold a secret; '' while it is being worked on
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX answers_expiry ON answers (expires_at);

CREATE INDEX audit_event ON audit (event, at);
CREATE INDEX audit_client ON audit (client_id, at) WHERE client_id <> '';

-- +goose Down
DROP INDEX audit_client;
DROP INDEX audit_event;
DROP TABLE answers;
DROP TABLE figures;
DROP TABLE account_words;
DROP INDEX account_roles_role;
DROP TABLE account_titles;
