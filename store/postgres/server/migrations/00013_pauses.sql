-- +goose Up
-- What is paused: all, rule/NAME or connection/NAME; ends is 0 if it has to be
-- resumed.
CREATE TABLE gavel_pauses (
    key    text   COLLATE "C" PRIMARY KEY,
    since  bigint NOT NULL,
    ends   bigint NOT NULL,
    reason text   NOT NULL,
    author text   NOT NULL
);

-- The pause that a run is held by, and whether the run is skipped after it if
-- its time has passed.
ALTER TABLE gavel_runs ADD COLUMN paused_by text COLLATE "C";
ALTER TABLE gavel_runs ADD COLUMN lapses boolean NOT NULL DEFAULT false;
CREATE INDEX gavel_runs_paused ON gavel_runs (paused_by, due, lapses) WHERE paused_by IS NOT NULL;
