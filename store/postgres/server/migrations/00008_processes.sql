-- +goose Up
-- The processes that lease runs. Each holds an advisory lock for as long as it is
-- connected; started is when the server started to which it connected last.
CREATE TABLE gavel_processes (
    owner   text COLLATE "C" PRIMARY KEY,
    lock    integer     NOT NULL,
    started timestamptz NOT NULL
);
