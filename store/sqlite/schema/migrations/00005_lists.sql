-- +goose Up
-- Each of these is one way to narrow a list: what fits, in the order of the
-- list.
CREATE INDEX events_matched ON events (type) WHERE runs > 0;
CREATE INDEX events_unmatched ON events (type) WHERE runs = 0;
CREATE INDEX events_late ON events (seq) WHERE late = 1;
CREATE INDEX events_repeated ON events (seq) WHERE deliveries > 1;
CREATE INDEX runs_rule ON runs (rule, id);
CREATE INDEX runs_rule_status ON runs (rule, status, id) WHERE status IN ('failed', 'canceled', 'skipped', 'waiting');
CREATE INDEX runs_created ON runs (created, id);
CREATE INDEX runs_shadow ON runs (id) WHERE shadow = 1;

-- The words that events are found by; see event.Words. It is filled a little
-- after events are stored, up to the mark "indexed".
CREATE VIRTUAL TABLE search USING fts5 (words, detail = none, columnsize = 0, tokenize = 'ascii');
