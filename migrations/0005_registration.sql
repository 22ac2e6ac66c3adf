-- +goose Up
-- Clients that register themselves (RFC 7591, RFC 7592).
ALTER TABLE clients ADD COLUMN origin TEXT NOT NULL DEFAULT '';            -- '' an administrator, dynamic
ALTER TABLE clients ADD COLUMN registration_hash TEXT NOT NULL DEFAULT ''; -- SHA-256 of the registration access token, or ''

-- Initial access tokens: who has one may register clients.
CREATE TABLE registration_tokens (
    id         TEXT   NOT NULL PRIMARY KEY,           -- shown in lists
    token_hash TEXT   NOT NULL UNIQUE,                -- SHA-256
    note       TEXT   NOT NULL,
    uses       BIGINT NOT NULL,                       -- how many clients are left
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX registration_tokens_expiry ON registration_tokens (expires_at);

-- Our copy of a client's logo, drawn anew: pages load nothing from elsewhere.
CREATE TABLE client_logos (
    client_id TEXT NOT NULL PRIMARY KEY REFERENCES clients (id),
    uri       TEXT NOT NULL,                          -- where it came from
    png       TEXT NOT NULL                           -- base64
);

-- +goose Down
DROP TABLE client_logos;
DROP TABLE registration_tokens;
ALTER TABLE clients DROP COLUMN registration_hash;
ALTER TABLE clients DROP COLUMN origin;
