-- +goose Up
-- The words that events are found by, as store/internal/lexicon makes them. All
-- events are indexed again, which takes a while in the background.
DROP TABLE IF EXISTS search;
DELETE FROM marks WHERE name = 'indexed';
CREATE TABLE search_parts (
    part   INTEGER PRIMARY KEY,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    size   INTEGER NOT NULL,
    blocks INTEGER NOT NULL,
    heads  BLOB    NOT NULL
) STRICT;
CREATE TABLE search_blocks (
    id    INTEGER PRIMARY KEY,
    block BLOB    NOT NULL
) STRICT;
