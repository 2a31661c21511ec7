-- +goose Up
-- What happened, counted by days since 1970 in UTC. The last days are in
-- gavel_tallies, from which they come here.
CREATE TABLE gavel_daily (
    day    bigint NOT NULL,
    kind   text   COLLATE "C" NOT NULL,
    name   text   COLLATE "C" NOT NULL,
    detail text   COLLATE "C" NOT NULL,
    n      bigint NOT NULL,
    PRIMARY KEY (day, kind, name, detail)
);
