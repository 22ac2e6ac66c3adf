-- +goose Up
-- Who went into an account that is to be erased.

CREATE INDEX accounts_merged ON accounts (merged_into) WHERE merged_into <> '';

-- +goose Down
DROP INDEX accounts_merged;
