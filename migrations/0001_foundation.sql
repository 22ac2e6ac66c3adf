-- +goose Up
-- One portable set for PostgreSQL and SQLite: TEXT and BIGINT only. Instants are UTC milliseconds since the epoch,
-- 0 meaning "not (yet)"; flags are 0 or 1. Canonical forms and digests are computed in Go, never in SQL.

-- The directory --------------------------------------------------------------------------------------------------

CREATE TABLE accounts (
    id          TEXT   NOT NULL PRIMARY KEY,          -- internal, UUIDv7, never shown
    ssoid       BIGINT NOT NULL UNIQUE,               -- subject of public clients; random, below 2^53
    oid         TEXT   NOT NULL UNIQUE,               -- 24 hex digits: id of the game API
    status      TEXT   NOT NULL,                      -- 1 active, 2 disabled, 3 deletion pending, 4 merged, 5 guest
    register_by TEXT   NOT NULL,                      -- client through which the account came; "0" for console and CLI
    locale      TEXT   NOT NULL,
    profile     TEXT   NOT NULL,                      -- JSON object of OIDC standard claims
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);

CREATE TABLE account_roles (
    account_id TEXT   NOT NULL REFERENCES accounts (id),
    role       TEXT   NOT NULL,                       -- owner, admin, …
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, role)
);

CREATE TABLE contacts (
    id          TEXT   NOT NULL PRIMARY KEY,
    account_id  TEXT   NOT NULL REFERENCES accounts (id),
    kind        TEXT   NOT NULL,                      -- email, phone
    value       TEXT   NOT NULL,                      -- sealed; e-mail as given, phone as E.164
    preferred   BIGINT NOT NULL,
    added_at    BIGINT NOT NULL,
    verified_at BIGINT NOT NULL                       -- 0: a note, never an identifier
);
CREATE INDEX contacts_account ON contacts (account_id);

-- While two blind-index keys live, a contact has a row for each, so uniqueness holds during rotation.
CREATE TABLE contact_digests (
    contact_id TEXT   NOT NULL REFERENCES contacts (id),
    kind       TEXT   NOT NULL,
    key_id     TEXT   NOT NULL,
    digest     TEXT   NOT NULL,
    verified   BIGINT NOT NULL,
    PRIMARY KEY (contact_id, key_id)
);
CREATE UNIQUE INDEX contact_digests_verified ON contact_digests (kind, key_id, digest) WHERE verified = 1;

CREATE TABLE credentials (
    id           TEXT   NOT NULL PRIMARY KEY,
    account_id   TEXT   NOT NULL REFERENCES accounts (id),
    kind         TEXT   NOT NULL,                     -- password
    secret       TEXT   NOT NULL,                     -- PHC string
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX credentials_password ON credentials (account_id) WHERE kind = 'password';

-- No account exists before a contact is proven: this is what self-registration writes.
CREATE TABLE pending_registrations (
    id             TEXT   NOT NULL PRIMARY KEY,       -- SHA-256 of the handle in the page's URL
    kind           TEXT   NOT NULL,
    value          TEXT   NOT NULL,                   -- sealed contact
    key_id         TEXT   NOT NULL,
    digest         TEXT   NOT NULL,
    password       TEXT   NOT NULL,                   -- PHC string
    token_hash     TEXT   NOT NULL UNIQUE,            -- SHA-256 of the mailed link's token
    code_hash      TEXT   NOT NULL,                   -- keyed hash of the mailed code
    profile        TEXT   NOT NULL,                   -- JSON object of OIDC standard claims
    browser_hash   TEXT   NOT NULL,
    interaction    TEXT   NOT NULL,                   -- handle of what the browser goes on with, or ''
    client_id      TEXT   NOT NULL,
    locale         TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL
);
CREATE INDEX pending_registrations_digest ON pending_registrations (kind, key_id, digest);
CREATE INDEX pending_registrations_expiry ON pending_registrations (expires_at);

-- Links that work once: the first admin's set-up, an admin's way back in. The purpose is in every WHERE.
CREATE TABLE one_time_links (
    id         TEXT   NOT NULL PRIMARY KEY,           -- SHA-256 of the token
    purpose    TEXT   NOT NULL,
    account_id TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL
);
CREATE INDEX one_time_links_expiry ON one_time_links (expires_at);

-- Browsers -------------------------------------------------------------------------------------------------------

CREATE TABLE sessions (
    id           TEXT   NOT NULL PRIMARY KEY,         -- the public sid of ID tokens; random
    cookie_hash  TEXT   NOT NULL,                     -- SHA-256 of the cookie; sessions of one browser share it
    account_id   TEXT   NOT NULL REFERENCES accounts (id),
    auth_time    BIGINT NOT NULL,
    acr          TEXT   NOT NULL,
    amr          TEXT   NOT NULL,                     -- space-separated
    ip           TEXT   NOT NULL,
    user_agent   TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    selected_at  BIGINT NOT NULL,                     -- the newest is the one in use
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,                     -- absolute
    ended_at     BIGINT NOT NULL
);
CREATE INDEX sessions_cookie ON sessions (cookie_hash);
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at > 0;

-- Browsers in which an account has signed in before: they keep a guessing budget of their own.
CREATE TABLE known_browsers (
    account_id   TEXT   NOT NULL REFERENCES accounts (id),
    browser_hash TEXT   NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    PRIMARY KEY (account_id, browser_hash)
);
CREATE INDEX known_browsers_expiry ON known_browsers (expires_at);

-- An authorization request that waits for a person.
CREATE TABLE interactions (
    id           TEXT   NOT NULL PRIMARY KEY,         -- SHA-256 of the id in the URL
    client_id    TEXT   NOT NULL,
    browser_hash TEXT   NOT NULL,                     -- '' until the first GET binds it
    par_id       TEXT   NOT NULL,
    form         TEXT   NOT NULL,                     -- the authorization request, normalised, form-encoded
    requested_at BIGINT NOT NULL,
    session_id   TEXT   NOT NULL,                     -- session chosen or begun in this interaction
    signed_in_at BIGINT NOT NULL,
    selected_at  BIGINT NOT NULL,
    consented_at BIGINT NOT NULL,
    scopes       TEXT   NOT NULL,                     -- what was consented to
    denied_at    BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX interactions_expiry ON interactions (expires_at);

CREATE TABLE consents (
    account_id TEXT   NOT NULL REFERENCES accounts (id),
    client_id  TEXT   NOT NULL,
    scopes     TEXT   NOT NULL,
    claims     TEXT   NOT NULL,                       -- names asked for by the claims parameter, space-separated
    granted_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, client_id)
);
CREATE INDEX consents_expiry ON consents (expires_at);

-- The protocol ---------------------------------------------------------------------------------------------------

CREATE TABLE clients (
    id          TEXT   NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL,                      -- web, spa, native, tv, machine, game
    name        TEXT   NOT NULL,
    metadata    TEXT   NOT NULL,                      -- JSON, RFC 7591 names
    settings    TEXT   NOT NULL,                      -- JSON, names of docs/configuration.md
    disabled_at BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    deleted_at  BIGINT NOT NULL                       -- ids are never used again
);

CREATE TABLE client_secrets (
    id         TEXT   NOT NULL PRIMARY KEY,
    client_id  TEXT   NOT NULL REFERENCES clients (id),
    hash       TEXT   NOT NULL,                       -- sha256:… when generated by us, else a PHC string
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL                        -- 0: never
);
CREATE INDEX client_secrets_client ON client_secrets (client_id);

-- One row per authorization: code, PKCE and OpenID data are views of it, its id is the refresh family.
CREATE TABLE grants (
    id              TEXT   NOT NULL PRIMARY KEY,
    client_id       TEXT   NOT NULL,
    account_id      TEXT   NOT NULL REFERENCES accounts (id),
    session_id      TEXT   NOT NULL,
    subject         TEXT   NOT NULL,
    scopes          TEXT   NOT NULL,
    audience        TEXT   NOT NULL,                  -- resources (RFC 8707), space-separated
    claims          TEXT   NOT NULL,                  -- the claims parameter, JSON
    auth_time       BIGINT NOT NULL,
    acr             TEXT   NOT NULL,
    amr             TEXT   NOT NULL,
    form            TEXT   NOT NULL,                  -- redirect_uri, nonce, code_challenge …, form-encoded
    code_hash       TEXT   NOT NULL UNIQUE,
    code_expires_at BIGINT NOT NULL,
    code_used_at    BIGINT NOT NULL,
    failed_proofs   BIGINT NOT NULL,                  -- wrong verifiers so far
    offline         BIGINT NOT NULL,                  -- 1: outlives the browser session
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    revoked_at      BIGINT NOT NULL
);
CREATE INDEX grants_account ON grants (account_id, client_id);
CREATE INDEX grants_session ON grants (session_id);
CREATE INDEX grants_expiry ON grants (expires_at);

-- Refresh tokens and opaque access tokens; JWT access tokens have no row. The kind is in every WHERE.
CREATE TABLE tokens (
    id         TEXT   NOT NULL PRIMARY KEY,           -- SHA-256 of the token
    kind       TEXT   NOT NULL,                       -- refresh, access
    grant_id   TEXT   NOT NULL,                       -- '' for client_credentials
    client_id  TEXT   NOT NULL,
    scopes     TEXT   NOT NULL,
    audience   TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL
);
CREATE INDEX tokens_grant ON tokens (grant_id);
CREATE INDEX tokens_expiry ON tokens (expires_at);

CREATE TABLE pushed_requests (
    id         TEXT   NOT NULL PRIMARY KEY,           -- SHA-256 of the request_uri
    client_id  TEXT   NOT NULL,
    form       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX pushed_requests_expiry ON pushed_requests (expires_at);

-- Things seen once: client assertions, revoked access tokens of client_credentials.
CREATE TABLE seen (
    id         TEXT   NOT NULL PRIMARY KEY,           -- SHA-256 of purpose, owner and jti
    expires_at BIGINT NOT NULL
);
CREATE INDEX seen_expiry ON seen (expires_at);

CREATE TABLE signing_keys (
    kid        TEXT   NOT NULL PRIMARY KEY,
    alg        TEXT   NOT NULL,
    sealed     TEXT   NOT NULL,                       -- private JWK, sealed
    created_at BIGINT NOT NULL,
    active_at  BIGINT NOT NULL,                       -- published from creation, signs from here
    retired_at BIGINT NOT NULL                        -- 0: current; else no longer published from here
);

-- Kernels --------------------------------------------------------------------------------------------------------

CREATE TABLE audit (
    id         TEXT   NOT NULL PRIMARY KEY,           -- UUIDv7
    at         BIGINT NOT NULL,
    event      TEXT   NOT NULL,
    outcome    TEXT   NOT NULL,
    actor_kind TEXT   NOT NULL,                       -- account, client, cli, system
    actor_id   TEXT   NOT NULL,
    account_id TEXT   NOT NULL,
    client_id  TEXT   NOT NULL,
    session_id TEXT   NOT NULL,
    ip         TEXT   NOT NULL,
    user_agent TEXT   NOT NULL,
    request_id TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    details    TEXT   NOT NULL                        -- JSON, no secrets, contacts masked
);
CREATE INDEX audit_account ON audit (account_id, at);
CREATE INDEX audit_at ON audit (at);

CREATE TABLE outbox (
    id              TEXT   NOT NULL PRIMARY KEY,      -- UUIDv7
    kind            TEXT   NOT NULL,                  -- mail
    payload         TEXT   NOT NULL,                  -- sealed JSON
    created_at      BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    attempts        BIGINT NOT NULL,
    last_error      TEXT   NOT NULL,
    delivered_at    BIGINT NOT NULL,
    parked_at       BIGINT NOT NULL,                  -- given up; an admin may look
    expires_at      BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE delivered_at = 0 AND parked_at = 0;
CREATE INDEX outbox_expiry ON outbox (expires_at);

CREATE TABLE leases (
    name       TEXT   NOT NULL PRIMARY KEY,
    holder     TEXT   NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Budgets of failures: one row per (policy, subject) with an open window, shared by all replicas.
CREATE TABLE limits (
    id         TEXT   NOT NULL PRIMARY KEY,           -- policy and keyed hash of the subject
    used       BIGINT NOT NULL,
    window_end BIGINT NOT NULL                        -- the first count after it opens a new window
);
CREATE INDEX limits_expiry ON limits (window_end);

-- Settings that belong to the data, not to how the program runs (e.g. "first admin exists").
CREATE TABLE settings (
    name       TEXT   NOT NULL PRIMARY KEY,
    value      TEXT   NOT NULL,
    updated_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE settings;
DROP TABLE limits;
DROP TABLE leases;
DROP TABLE outbox;
DROP TABLE audit;
DROP TABLE signing_keys;
DROP TABLE seen;
DROP TABLE pushed_requests;
DROP TABLE tokens;
DROP TABLE grants;
DROP TABLE client_secrets;
DROP TABLE clients;
DROP TABLE consents;
DROP TABLE interactions;
DROP TABLE known_browsers;
DROP TABLE sessions;
DROP TABLE one_time_links;
DROP TABLE pending_registrations;
DROP TABLE credentials;
DROP TABLE contact_digests;
DROP TABLE contacts;
DROP TABLE account_roles;
DROP TABLE accounts;
