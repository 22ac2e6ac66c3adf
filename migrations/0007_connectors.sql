-- +goose Up
-- Logins elsewhere: the providers that we are a client of, and who is who there.

-- A provider as it is set up here. There may be several of a kind.
CREATE TABLE connectors (
    id          TEXT   NOT NULL PRIMARY KEY,          -- in URLs and in idp_hint
    kind        TEXT   NOT NULL,                      -- google, facebook, azuread, b2c, line, apple, oidc
    name        TEXT   NOT NULL,                      -- on its button
    client_id   TEXT   NOT NULL,                      -- ours, there
    secret      TEXT   NOT NULL,                      -- sealed, or ''
    settings    TEXT   NOT NULL,                      -- JSON
    disabled_at BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

-- Who somebody is elsewhere. An account has any number of these; the pair is all that signs in, never an address.
CREATE TABLE identities (
    id           TEXT   NOT NULL PRIMARY KEY,
    account_id   TEXT   NOT NULL REFERENCES accounts (id),
    namespace    TEXT   NOT NULL,                     -- whose subject it is: issuer, tenant or app
    subject      TEXT   NOT NULL,
    connector_id TEXT   NOT NULL,                     -- by which it came, or was used last
    email        TEXT   NOT NULL,                     -- sealed; what was said there, to tell logins apart; or ''
    linked_at    BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX identities_subject ON identities (namespace, subject);
CREATE INDEX identities_account ON identities (account_id);

-- A browser on its way to a provider and back.
CREATE TABLE federation_requests (
    id           TEXT   NOT NULL PRIMARY KEY,         -- SHA-256 of the state
    purpose      TEXT   NOT NULL,                     -- signin, link, confirm
    connector_id TEXT   NOT NULL,
    account_id   TEXT   NOT NULL,                     -- whose page asks, or ''
    session_id   TEXT   NOT NULL,                     -- in which, or ''
    client_id    TEXT   NOT NULL,
    interaction  TEXT   NOT NULL,                     -- handle to go on with, or ''
    browser_hash TEXT   NOT NULL,
    sealed       TEXT   NOT NULL,                     -- nonce and PKCE verifier
    answer       TEXT   NOT NULL,                     -- sealed: what came by POST and waits for the cookie; or ''
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX federation_requests_expiry ON federation_requests (expires_at);

-- +goose Down
DROP TABLE federation_requests;
DROP TABLE identities;
DROP TABLE connectors;
