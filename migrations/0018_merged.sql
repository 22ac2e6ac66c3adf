-- +goose Up
-- Who went into an account that is to be erased. Databases have this as 18, and a few, of trees between, as 16.

CREATE INDEX IF NOT EXISTS accounts_merged ON accounts (merged_into) WHERE merged_into <> '';

-- +goose Down
DROP INDEX IF EXISTS accounts_merged;
