-- +goose Up
-- Events that thresholds and digests have counted. run is empty until a run
-- uses the event.
CREATE TABLE gavel_window_events (
    scope     text   COLLATE "C" NOT NULL,
    run       text   COLLATE "C" NOT NULL,
    happened  bigint NOT NULL,
    event_seq bigint NOT NULL,
    event_id  text   COLLATE "C" NOT NULL,
    PRIMARY KEY (scope, run, happened, event_seq)
);
CREATE INDEX gavel_window_events_run ON gavel_window_events (run, happened, event_seq) WHERE run <> '';
CREATE INDEX gavel_window_events_event ON gavel_window_events (event_seq);

-- The newest span of each throttle and digest. A row changes with every event
-- of its key, so it has room for its next version.
CREATE TABLE gavel_windows (
    scope      text    COLLATE "C" PRIMARY KEY,
    until      bigint  NOT NULL,
    suppressed integer NOT NULL,
    run        text    COLLATE "C" NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
