-- +goose Up
-- What happened, counted by days since 1970 in UTC. The last days are in tallies,
-- from which they come here.
CREATE TABLE daily (
    day    INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    name   TEXT    NOT NULL,
    detail TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (day, kind, name, detail)
) STRICT, WITHOUT ROWID;
