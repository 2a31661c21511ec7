-- +goose Up
-- Each of these is one way to narrow a list: what fits, in the order of the
-- list.
DROP INDEX gavel_events_received;
CREATE INDEX gavel_events_received ON gavel_events (received, seq);
CREATE INDEX gavel_events_matched ON gavel_events (type, seq) WHERE runs > 0;
CREATE INDEX gavel_events_unmatched ON gavel_events (type, seq) WHERE runs = 0;
CREATE INDEX gavel_events_late ON gavel_events (seq) WHERE late;
CREATE INDEX gavel_events_repeated ON gavel_events (seq) WHERE deliveries > 1;
CREATE INDEX gavel_runs_rule ON gavel_runs (rule, id);
CREATE INDEX gavel_runs_rule_status ON gavel_runs (rule, status, id) WHERE status IN ('failed', 'canceled', 'skipped', 'waiting');
CREATE INDEX gavel_runs_created ON gavel_runs (created, id);
CREATE INDEX gavel_runs_shadow ON gavel_runs (id) WHERE shadow;

-- The words that events are found by; see event.Words. It is filled a little
-- after events are stored, up to the mark "indexed".
CREATE TABLE gavel_search (
    seq   bigint   PRIMARY KEY,
    words tsvector NOT NULL
);
CREATE INDEX gavel_search_words ON gavel_search USING gin (words);
CREATE TABLE gavel_marks (
    name  text   COLLATE "C" PRIMARY KEY,
    value bigint NOT NULL
);
INSERT INTO gavel_marks (name, value) VALUES ('indexed', 0);
