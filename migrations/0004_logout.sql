-- +goose Up
-- Who has to hear of the end of a session.

-- Applications that signed somebody in by a session and can be told of its end.
CREATE TABLE session_clients (
    session_id   TEXT   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    client_id    TEXT   NOT NULL,
    subject      TEXT   NOT NULL,                     -- sub of its ID tokens
    back_channel BIGINT NOT NULL,                     -- 1: it gets a logout token
    joined_at    BIGINT NOT NULL,
    message_id   TEXT   NOT NULL,                     -- in the outbox; '' while the session lives
    PRIMARY KEY (session_id, client_id)
);

-- Messages of different lanes don't wait for each other: an application that doesn't answer holds up no mail.
ALTER TABLE outbox ADD COLUMN lane TEXT NOT NULL DEFAULT '';
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (lane, next_attempt_at) WHERE delivered_at = 0 AND parked_at = 0;

-- +goose Down
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE delivered_at = 0 AND parked_at = 0;
ALTER TABLE outbox DROP COLUMN lane;
DROP TABLE session_clients;
