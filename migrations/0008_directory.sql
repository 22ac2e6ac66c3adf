-- +goose Up
-- The directory: who may ask it, what it knows beyond accounts and contacts.

-- Keys of clients for the Identity API, shown once.
CREATE TABLE api_keys (
    id           TEXT   NOT NULL PRIMARY KEY,         -- shown in lists
    client_id    TEXT   NOT NULL REFERENCES clients (id),
    key_hash     TEXT   NOT NULL UNIQUE,              -- SHA-256
    note         TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,                     -- 0: never
    last_used_at BIGINT NOT NULL,
    revoked_at   BIGINT NOT NULL
);
CREATE INDEX api_keys_client ON api_keys (client_id);
CREATE INDEX api_keys_expiry ON api_keys (expires_at) WHERE expires_at > 0;
CREATE INDEX api_keys_revoked ON api_keys (revoked_at) WHERE revoked_at > 0;

-- Devices that applications named when somebody signed in on them.
CREATE TABLE devices (
    account_id    TEXT   NOT NULL REFERENCES accounts (id),
    device_id     TEXT   NOT NULL,                    -- as the application calls it
    model         TEXT   NOT NULL,
    client_id     TEXT   NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at  BIGINT NOT NULL,
    PRIMARY KEY (account_id, device_id)
);

-- When an account was last signed in to by a channel: app, web, stb.
CREATE TABLE channel_access (
    account_id     TEXT   NOT NULL REFERENCES accounts (id),
    channel        TEXT   NOT NULL,
    last_access_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, channel)
);

-- What an account is called at a partner's.
CREATE TABLE bindings (
    id          TEXT   NOT NULL PRIMARY KEY,
    account_id  TEXT   NOT NULL REFERENCES accounts (id),
    partner     TEXT   NOT NULL,
    external_id TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    ended_at    BIGINT NOT NULL
);
CREATE INDEX bindings_account ON bindings (account_id);
CREATE UNIQUE INDEX bindings_partner ON bindings (account_id, partner) WHERE ended_at = 0;
CREATE UNIQUE INDEX bindings_external ON bindings (partner, external_id) WHERE ended_at = 0;

-- How often clients call what is counted for them, by day (days since the epoch).
CREATE TABLE call_counts (
    client_id TEXT   NOT NULL,
    call      TEXT   NOT NULL,
    day       BIGINT NOT NULL,
    calls     BIGINT NOT NULL,
    PRIMARY KEY (client_id, call, day)
);
CREATE INDEX call_counts_day ON call_counts (day);

-- Since when the owner isn't to be found by search, or 0; and the keyed hash of the line that an import made the account of.
ALTER TABLE accounts ADD COLUMN hidden_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN import_key TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX accounts_import ON accounts (import_key) WHERE import_key <> '';

-- Contacts that nobody proved are found by whoever may search for them.
CREATE INDEX contact_digests_unverified ON contact_digests (kind, key_id, digest) WHERE verified = 0;

-- Who looked somebody up. Look-ups of nobody are in it too: otherwise they would cost less, and take less time.
CREATE INDEX audit_lookups ON audit (account_id, at) WHERE event = 'account.looked_up';

-- +goose Down
DROP INDEX audit_lookups;
DROP INDEX contact_digests_unverified;
DROP INDEX accounts_import;
ALTER TABLE accounts DROP COLUMN import_key;
ALTER TABLE accounts DROP COLUMN hidden_at;
DROP TABLE call_counts;
DROP TABLE bindings;
DROP TABLE channel_access;
DROP TABLE devices;
DROP TABLE api_keys;
