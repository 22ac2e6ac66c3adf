-- +goose Up
-- What the rules of its client tell of an account, as a grant's person was asked: 'claim=field,field', space-separated. '*' for
-- grants from before.

ALTER TABLE grants ADD COLUMN told TEXT NOT NULL DEFAULT '*';

-- +goose Down
ALTER TABLE grants DROP COLUMN told;
