-- +goose Up
-- Calls and failed attempts by connection, counted by hours since 1970. The last
-- hours are in gavel_tallies, from which they come here.
CREATE TABLE gavel_hourly (
    hour bigint NOT NULL,
    kind text   COLLATE "C" NOT NULL,
    name text   COLLATE "C" NOT NULL,
    n    bigint NOT NULL,
    PRIMARY KEY (hour, kind, name)
);
