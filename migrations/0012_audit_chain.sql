-- +goose Up
-- The seals of the record. Rows of audit are written without one, so that no change waits for another; a moment later each
-- gets its place in one chain. Which row is the last, and which the last that retention took, are settings.

CREATE TABLE audit_seals (
    position BIGINT NOT NULL PRIMARY KEY,             -- 1, 2, 3 …, without a gap
    audit_id TEXT   NOT NULL,
    at       BIGINT NOT NULL,                         -- of the row, never before that of an earlier position
    details  TEXT   NOT NULL,                         -- MAC of audit.details, which erasure empties; '' for none
    hash     TEXT   NOT NULL                          -- MAC of the previous hash, the position and the row
);
CREATE UNIQUE INDEX audit_seals_row ON audit_seals (audit_id);

-- +goose Down
DROP TABLE audit_seals;
