-- +goose Up
-- What keeps a sign-in's cost flat: an account's links, and its sessions without those that ended.
CREATE INDEX one_time_links_account ON one_time_links (account_id);
CREATE INDEX sessions_live ON sessions (account_id) WHERE ended_at = 0;
CREATE INDEX outbox_parked ON outbox (parked_at) WHERE parked_at > 0;

-- +goose Down
DROP INDEX outbox_parked;
DROP INDEX sessions_live;
DROP INDEX one_time_links_account;
