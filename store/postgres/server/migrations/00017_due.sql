-- +goose Up
-- What is due next, also of one rule, and of the runs that are held back. Runs
-- that are not held are in gavel_runs_due.
CREATE INDEX gavel_runs_held ON gavel_runs (due) WHERE held AND status IN ('pending', 'waiting');
CREATE INDEX gavel_runs_rule_due ON gavel_runs (rule, due) WHERE status = 'waiting';
