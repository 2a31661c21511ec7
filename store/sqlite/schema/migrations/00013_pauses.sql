-- +goose Up
-- What is paused: all, rule/NAME or connection/NAME; ends is 0 if it has to be
-- resumed.
CREATE TABLE pauses (
    key    TEXT PRIMARY KEY,
    since  INTEGER NOT NULL,
    ends   INTEGER NOT NULL,
    reason TEXT    NOT NULL,
    author TEXT    NOT NULL
) STRICT;

-- The pause that a run is held by (held = 1), and whether the run is skipped
-- after it if its time has passed.
ALTER TABLE runs ADD COLUMN paused_by TEXT;
ALTER TABLE runs ADD COLUMN lapses INTEGER NOT NULL DEFAULT 0;
CREATE INDEX runs_paused ON runs (paused_by, due, lapses) WHERE paused_by IS NOT NULL;
