-- +goose Up
-- How far something has been told, such as failures, by name.
CREATE TABLE told (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
