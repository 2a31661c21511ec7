-- +goose Up
-- Of a run that is the only one of its rule for its meeting: '' or, once a newer
-- event has started the rule again, the id of that event. NULL for other runs.
ALTER TABLE runs ADD COLUMN replaced TEXT;
CREATE INDEX runs_single ON runs (meeting, rule) WHERE replaced = '' AND follow = 0 AND status IN ('pending', 'running');
