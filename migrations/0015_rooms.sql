-- +goose Up
-- What the office lists: the players of a title, who came by a connector, and keys by how they begin.

CREATE INDEX players_title ON players (title, id);
CREATE INDEX identities_connector ON identities (connector_id);

ALTER TABLE api_keys ADD COLUMN prefix TEXT NOT NULL DEFAULT '';   -- its first characters, to tell keys apart; '' for those from before

-- +goose Down
ALTER TABLE api_keys DROP COLUMN prefix;
DROP INDEX identities_connector;
DROP INDEX players_title;
