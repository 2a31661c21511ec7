-- +goose Up
-- The same indexes with their states as alternatives. For a list behind IN, SQLite
-- builds a temporary table at every change to a run, four for one update. A query
-- uses such an index only if it has the same alternatives.
DROP INDEX runs_due;
DROP INDEX runs_follow;
DROP INDEX runs_rule_status;
DROP INDEX runs_single;
CREATE INDEX runs_due ON runs (due) WHERE held = 0 AND (status = 'pending' OR status = 'waiting');
CREATE INDEX runs_follow ON runs (meeting) WHERE follow = 1 AND (status = 'pending' OR status = 'waiting' OR status = 'running');
CREATE INDEX runs_rule_status ON runs (rule, status, id)
    WHERE (status = 'failed' OR status = 'canceled' OR status = 'skipped' OR status = 'waiting');
CREATE INDEX runs_single ON runs (meeting, rule) WHERE replaced = '' AND follow = 0 AND (status = 'pending' OR status = 'running');
