-- +goose Up
-- How far something has been told, such as failures, by name.
CREATE TABLE gavel_told (
    name  text COLLATE "C" NOT NULL PRIMARY KEY,
    value text NOT NULL
);
