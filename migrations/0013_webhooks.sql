-- +goose Up
-- Who is told of events, and what they were told. What a delivery says is made from its row of audit when it is sent.

CREATE TABLE webhooks (
    id             TEXT   NOT NULL PRIMARY KEY,
    url            TEXT   NOT NULL,
    events         TEXT   NOT NULL,                   -- JSON list of names
    description    TEXT   NOT NULL,
    secret         TEXT   NOT NULL,                   -- sealed
    previous       TEXT   NOT NULL,                   -- sealed; '' for none
    previous_until BIGINT NOT NULL,                   -- it signs as well until here
    disabled_at    BIGINT NOT NULL,                   -- 0: active
    created_at     BIGINT NOT NULL,                   -- earlier events aren't told
    updated_at     BIGINT NOT NULL
);

CREATE TABLE webhook_deliveries (
    id         TEXT   NOT NULL PRIMARY KEY,           -- the same however often it is sent
    webhook_id TEXT   NOT NULL,
    event      TEXT   NOT NULL,
    audit_id   TEXT   NOT NULL,
    message_id TEXT   NOT NULL,                       -- of the outbox, the latest
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX webhook_deliveries_webhook ON webhook_deliveries (webhook_id, created_at);
CREATE INDEX webhook_deliveries_expiry ON webhook_deliveries (expires_at);

-- +goose Down
DROP TABLE webhook_deliveries;
DROP TABLE webhooks;
