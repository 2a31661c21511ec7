-- +goose Up
-- The runs of a rule in any state: a list of those in all states is merged from
-- one list for each, so it needs no index of its own.
DROP INDEX IF EXISTS runs_rule;
DROP INDEX IF EXISTS runs_rule_status;
DROP INDEX IF EXISTS runs_shadow;
CREATE INDEX runs_rule_status ON runs (rule, status, id);
CREATE INDEX runs_shadow ON runs (status, id) WHERE shadow = 1;
