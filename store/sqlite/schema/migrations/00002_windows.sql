-- +goose Up
-- Events that thresholds and digests have counted. run is empty until a run
-- uses the event.
CREATE TABLE window_events (
    scope     TEXT    NOT NULL,
    run       TEXT    NOT NULL,
    happened  INTEGER NOT NULL,
    event_seq INTEGER NOT NULL,
    event_id  TEXT    NOT NULL,
    PRIMARY KEY (scope, run, happened, event_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX window_events_run ON window_events (run, happened, event_seq) WHERE run <> '';
CREATE INDEX window_events_event ON window_events (event_seq);

-- The newest span of each throttle and digest.
CREATE TABLE windows (
    scope      TEXT    PRIMARY KEY,
    until      INTEGER NOT NULL,
    suppressed INTEGER NOT NULL,
    run        TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
