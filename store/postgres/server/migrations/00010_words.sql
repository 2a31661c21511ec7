-- +goose Up
-- The words that events are found by, as store/internal/lexicon makes them. All
-- events are indexed again, which takes a while in the background.
DROP TABLE IF EXISTS gavel_search;
UPDATE gavel_marks SET value = 0 WHERE name = 'indexed';
CREATE TABLE gavel_search_parts (
    part   bigint  PRIMARY KEY,
    first  bigint  NOT NULL,
    last   bigint  NOT NULL,
    size   integer NOT NULL,
    blocks integer NOT NULL,
    heads  bytea   NOT NULL
);
-- A block fits on a page, and does not become smaller.
CREATE TABLE gavel_search_blocks (
    id    bigint PRIMARY KEY,
    block bytea  NOT NULL
);
ALTER TABLE gavel_search_blocks ALTER COLUMN block SET STORAGE PLAIN;
