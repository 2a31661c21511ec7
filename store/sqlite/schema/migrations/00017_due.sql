-- +goose Up
-- What is due next, also of one rule, and of the runs that are held back. Runs
-- that are not held are in runs_due.
CREATE INDEX runs_held ON runs (due) WHERE held = 1 AND (status = 'pending' OR status = 'waiting');
CREATE INDEX runs_rule_due ON runs (rule, due) WHERE status = 'waiting';
