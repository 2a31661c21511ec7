-- +goose Up
-- The runs of a rule in any state: a list of those in all states is merged from
-- one list for each, so it needs no index of its own.
DROP INDEX IF EXISTS gavel_runs_rule;
DROP INDEX IF EXISTS gavel_runs_rule_status;
DROP INDEX IF EXISTS gavel_runs_shadow;
CREATE INDEX gavel_runs_rule_status ON gavel_runs (rule, status, id);
CREATE INDEX gavel_runs_shadow ON gavel_runs (status, id) WHERE shadow;
