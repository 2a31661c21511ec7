-- +goose Up
-- Of a run that is the only one of its rule for its meeting: '' or, once a newer
-- event has started the rule again, the id of that event. NULL for other runs.
ALTER TABLE gavel_runs ADD COLUMN replaced text COLLATE "C";
CREATE INDEX gavel_runs_single ON gavel_runs (meeting, rule) WHERE replaced = '' AND NOT follow AND status IN ('pending', 'running');
