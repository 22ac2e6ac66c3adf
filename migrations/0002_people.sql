-- +goose Up
-- Ways to sign in besides a password, and what an account of one's own needs.

-- A code of six digits (and a link) that proves who reads an address, or what a passkey ceremony began with. Bound to
-- the browser that asked, works once.
CREATE TABLE challenges (
    id           TEXT   NOT NULL PRIMARY KEY,         -- SHA-256 of the handle in the page's URL
    purpose      TEXT   NOT NULL,                     -- in every WHERE
    account_id   TEXT   NOT NULL,                     -- '' when nobody has the contact: nothing was sent
    kind         TEXT   NOT NULL,                     -- email, phone, or '' without a contact
    value        TEXT   NOT NULL,                     -- sealed contact
    code_hash    TEXT   NOT NULL,                     -- keyed hash
    token_hash   TEXT   NOT NULL,                     -- SHA-256 of the link's token, or of nothing anybody knows
    browser_hash TEXT   NOT NULL,
    interaction  TEXT   NOT NULL,                     -- handle to go on with, or ''
    client_id    TEXT   NOT NULL,
    locale       TEXT   NOT NULL,
    data         TEXT   NOT NULL,                     -- JSON, what the purpose needs
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    used_at      BIGINT NOT NULL
);
CREATE UNIQUE INDEX challenges_token ON challenges (token_hash);
CREATE INDEX challenges_expiry ON challenges (expires_at);

CREATE TABLE passkeys (
    id           TEXT   NOT NULL PRIMARY KEY,         -- credential id, base64url
    account_id   TEXT   NOT NULL REFERENCES accounts (id),
    user_handle  TEXT   NOT NULL,                     -- random, the same for all passkeys of an account, base64url
    name         TEXT   NOT NULL,
    credential   TEXT   NOT NULL,                     -- JSON: public key, transports, flags, counter
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);
CREATE INDEX passkeys_account ON passkeys (account_id);

-- A time-based one-time password (RFC 6238).
CREATE TABLE totps (
    account_id   TEXT   NOT NULL PRIMARY KEY REFERENCES accounts (id),
    secret       TEXT   NOT NULL,                     -- sealed
    last_step    BIGINT NOT NULL,                     -- the newest time step that was used: each works once
    created_at   BIGINT NOT NULL,
    confirmed_at BIGINT NOT NULL,                     -- 0: shown, but no code of it was typed yet
    last_used_at BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    account_id TEXT   NOT NULL REFERENCES accounts (id),
    code_hash  TEXT   NOT NULL,                       -- keyed hash
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    PRIMARY KEY (account_id, code_hash)
);

-- When an account that its owner deleted is erased; 0: it isn't to be.
ALTER TABLE accounts ADD COLUMN erase_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX accounts_erase ON accounts (erase_at) WHERE erase_at > 0;

-- What a link is about besides the account: the session that it ends.
ALTER TABLE one_time_links ADD COLUMN subject TEXT NOT NULL DEFAULT '';

-- Until when a browser is trusted to be a second factor; and what it called itself, for the list of devices.
ALTER TABLE known_browsers ADD COLUMN trusted_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE known_browsers ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE known_browsers DROP COLUMN user_agent;
ALTER TABLE known_browsers DROP COLUMN trusted_until;
ALTER TABLE one_time_links DROP COLUMN subject;
DROP INDEX accounts_erase;
ALTER TABLE accounts DROP COLUMN erase_at;
DROP TABLE recovery_codes;
DROP TABLE totps;
DROP TABLE passkeys;
DROP TABLE challenges;
