-- +goose Up
-- Calls and failed attempts by connection, counted by hours since 1970. The last
-- hours are in tallies, from which they come here.
CREATE TABLE hourly (
    hour INTEGER NOT NULL,
    kind TEXT    NOT NULL,
    name TEXT    NOT NULL,
    n    INTEGER NOT NULL,
    PRIMARY KEY (hour, kind, name)
) STRICT, WITHOUT ROWID;
