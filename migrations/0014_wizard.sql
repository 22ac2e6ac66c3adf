-- +goose Up
-- What the office knows besides of applications: sign-ins by way of trial, redirect URIs that were refused, when a secret
-- was used; and of accounts: which one a merged account became.

-- An authorization request of the office itself, by which an administrator tries an application out.
CREATE TABLE trials (
    id         TEXT   NOT NULL PRIMARY KEY,           -- SHA-256 of the state
    client_id  TEXT   NOT NULL,
    account_id TEXT   NOT NULL,                       -- whose trial it is
    sealed     TEXT   NOT NULL,                       -- the whole request, and the verifier
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX trials_expiry ON trials (expires_at);

-- Anybody can have a redirect URI refused, so an application has a few places for them and no more.
CREATE TABLE refused_redirects (
    client_id  TEXT   NOT NULL,
    place      BIGINT NOT NULL,                       -- by the URI's hash
    uri        TEXT   NOT NULL,
    refused_at BIGINT NOT NULL,
    PRIMARY KEY (client_id, place)
);

ALTER TABLE client_secrets ADD COLUMN last_used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE client_logos ADD COLUMN digest TEXT NOT NULL DEFAULT '';  -- of the picture; names it in URLs
ALTER TABLE accounts ADD COLUMN merged_into TEXT NOT NULL DEFAULT ''; -- id of another account, with status 4

-- +goose Down
ALTER TABLE accounts DROP COLUMN merged_into;
ALTER TABLE client_logos DROP COLUMN digest;
ALTER TABLE client_secrets DROP COLUMN last_used_at;
DROP TABLE refused_redirects;
DROP TABLE trials;
