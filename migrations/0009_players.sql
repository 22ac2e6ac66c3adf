-- +goose Up
-- Games: the players of titles (clients of kind game), what they own, and how people sign in to a title.

CREATE TABLE players (
    id         TEXT   NOT NULL PRIMARY KEY,           -- internal; the game API names a player by title and accounts.oid
    account_id TEXT   NOT NULL REFERENCES accounts (id),
    title      TEXT   NOT NULL,                       -- client of kind game
    name       TEXT   NOT NULL,
    team_id    BIGINT NOT NULL,
    costume_id BIGINT NOT NULL,
    banned_at  BIGINT NOT NULL,                       -- 0: may play
    ban_reason TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX players_account ON players (account_id, title);

-- What a player got and spent. Rows are never changed; the newest entry of a currency has its balance.
CREATE TABLE player_ledger (
    player_id       TEXT   NOT NULL REFERENCES players (id),
    currency        TEXT   NOT NULL,                  -- coin, diamond
    entry           BIGINT NOT NULL,                  -- 1, 2, 3 …
    amount          BIGINT NOT NULL,
    balance         BIGINT NOT NULL,                  -- after it; never below zero
    reason          TEXT   NOT NULL,
    idempotency_key TEXT   NOT NULL,
    client_id       TEXT   NOT NULL,                  -- whose server wrote it; the title for the grant at the beginning
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (player_id, currency, entry)
);
CREATE UNIQUE INDEX player_ledger_key ON player_ledger (player_id, idempotency_key);

-- The title that a session is in; '' for a browser's. Its token lives as long as the session.
ALTER TABLE sessions ADD COLUMN title TEXT NOT NULL DEFAULT '';

-- The title that a short password opens, and nothing else; '' for one that opens everything.
ALTER TABLE credentials ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE pending_registrations ADD COLUMN title TEXT NOT NULL DEFAULT '';

-- Guests have the key of a device (a SHA-256 of it) in place of a password; a registration may be one's that gets an address.
CREATE UNIQUE INDEX credentials_device ON credentials (secret) WHERE kind = 'device';
ALTER TABLE pending_registrations ADD COLUMN account_id TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE pending_registrations DROP COLUMN account_id;
DROP INDEX credentials_device;
ALTER TABLE pending_registrations DROP COLUMN title;
ALTER TABLE credentials DROP COLUMN title;
ALTER TABLE sessions DROP COLUMN title;
DROP TABLE player_ledger;
DROP TABLE players;
