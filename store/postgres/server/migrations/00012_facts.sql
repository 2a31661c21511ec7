-- +goose Up
-- What reports need of events, in blocks of 1024 numbers; see package
-- report/facts. A block is written when its last event is stored, and can be made
-- again from its events.
CREATE TABLE gavel_facts (
    block  bigint  PRIMARY KEY,
    events integer NOT NULL,
    newest bigint  NOT NULL,
    data   bytea   NOT NULL
);
INSERT INTO gavel_marks (name, value) VALUES ('erased', 0);

-- Runs that follow their meetings, to count them by rule and status.
CREATE INDEX gavel_runs_followed ON gavel_runs (rule, status, created) WHERE follow AND NOT shadow;
