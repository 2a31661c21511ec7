-- +goose Up
-- What reports need of events, in blocks of 1024 numbers; see package
-- report/facts. A block is written when its last event is stored, and can be made
-- again from its events.
CREATE TABLE facts (
    block  INTEGER PRIMARY KEY,
    events INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    data   BLOB    NOT NULL
) STRICT;

-- Runs that follow their meetings, to count them by rule and status.
CREATE INDEX runs_followed ON runs (rule, status, created) WHERE follow = 1 AND shadow = 0;
