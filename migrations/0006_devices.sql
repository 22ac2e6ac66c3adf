-- +goose Up
-- Devices without a keyboard (RFC 8628): what one asked for, until a person answers elsewhere.
CREATE TABLE device_authorizations (
    id             TEXT   NOT NULL PRIMARY KEY,       -- SHA-256 of the device code
    user_code_hash TEXT   NOT NULL,                   -- keyed hash of what the person types
    client_id      TEXT   NOT NULL,
    form           TEXT   NOT NULL,                   -- what was asked for, form-encoded
    poll_interval  BIGINT NOT NULL,                   -- milliseconds between two questions; grows when the device hurries
    polled_at      BIGINT NOT NULL,
    approved_at    BIGINT NOT NULL,
    denied_at      BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL
);
CREATE UNIQUE INDEX device_authorizations_user_code ON device_authorizations (user_code_hash);
CREATE INDEX device_authorizations_expiry ON device_authorizations (expires_at);

-- The device authorization that an interaction answers, or ''.
ALTER TABLE interactions ADD COLUMN device_id TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE interactions DROP COLUMN device_id;
DROP TABLE device_authorizations;
