-- +goose Up
-- Requests that the receiver refused; source is empty for those that are not
-- named.
CREATE TABLE refusals (
    reason TEXT    NOT NULL,
    source TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    PRIMARY KEY (reason, source)
) STRICT, WITHOUT ROWID;
