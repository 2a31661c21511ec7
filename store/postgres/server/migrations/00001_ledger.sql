-- +goose Up
CREATE SEQUENCE gavel_event_seq;
CREATE SEQUENCE gavel_run_rid;

CREATE TABLE gavel_events (
    seq        bigint  PRIMARY KEY,
    id         text    COLLATE "C" NOT NULL UNIQUE,
    type       text    COLLATE "C" NOT NULL,
    meeting    text    COLLATE "C",
    happened   bigint  NOT NULL,
    received   bigint  NOT NULL,
    last_seen  bigint  NOT NULL,
    deliveries integer NOT NULL,
    runs       integer NOT NULL,
    late       boolean NOT NULL,
    revision   text    COLLATE "C" NOT NULL,
    body       bytea   NOT NULL
);
CREATE INDEX gavel_events_meeting ON gavel_events (meeting, happened, seq) WHERE meeting IS NOT NULL;
CREATE INDEX gavel_events_received ON gavel_events (received);

CREATE TABLE gavel_runs (
    rid         bigint  PRIMARY KEY,
    id          text    COLLATE "C" NOT NULL UNIQUE,
    event_seq   bigint  NOT NULL,
    event_id    text    COLLATE "C" NOT NULL,
    event_type  text    COLLATE "C" NOT NULL,
    happened    bigint  NOT NULL,
    rule        text    NOT NULL,
    revision    text    COLLATE "C" NOT NULL,
    meeting     text    COLLATE "C",
    shadow      boolean NOT NULL,
    status      text    COLLATE "C" NOT NULL,
    held        boolean NOT NULL,
    reason      text    NOT NULL,
    due         bigint  NOT NULL,
    next        integer NOT NULL,
    tries       integer NOT NULL,
    in_flight   boolean NOT NULL,
    follow      boolean NOT NULL,
    lanes       text    COLLATE "C",
    owner       text    COLLATE "C",
    -- Which answer of the store handed the run to its owner; see lost.go.
    handover    bigint  NOT NULL,
    lease_until bigint  NOT NULL,
    created     bigint  NOT NULL,
    updated     bigint  NOT NULL,
    finished    bigint  NOT NULL,
    results     bytea
);
CREATE INDEX gavel_runs_event ON gavel_runs (event_seq);
CREATE INDEX gavel_runs_status ON gavel_runs (status, id);
CREATE INDEX gavel_runs_due ON gavel_runs (due) WHERE NOT held AND status IN ('pending', 'waiting');
CREATE INDEX gavel_runs_lease ON gavel_runs (lease_until) WHERE status = 'running';
CREATE INDEX gavel_runs_follow ON gavel_runs (meeting) WHERE follow AND status IN ('pending', 'waiting', 'running');

-- Rows of runs change several times within seconds: room on the page keeps the
-- new version near the old, and early cleaning keeps claims from stepping over
-- versions that are gone.
ALTER TABLE gavel_runs SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);

-- Active runs in the order of their meeting's events, one row per lane.
CREATE TABLE gavel_run_lanes (
    lane      text   COLLATE "C" NOT NULL,
    happened  bigint NOT NULL,
    event_seq bigint NOT NULL,
    rid       bigint NOT NULL,
    PRIMARY KEY (lane, happened, event_seq, rid)
);
CREATE INDEX gavel_run_lanes_run ON gavel_run_lanes (rid);
ALTER TABLE gavel_run_lanes SET (autovacuum_vacuum_scale_factor = 0.02);

CREATE TABLE gavel_attempts (
    seq       bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rid       bigint  NOT NULL,
    action    integer NOT NULL,
    action_id text    NOT NULL,
    kind      text    NOT NULL,
    try       integer NOT NULL,
    started   bigint  NOT NULL,
    ended     bigint  NOT NULL,
    outcome   text    NOT NULL,
    cause     text    NOT NULL,
    reason    text    NOT NULL,
    request   bytea,
    response  bytea,
    next_try  bigint  NOT NULL
);
CREATE INDEX gavel_attempts_run ON gavel_attempts (rid, seq);

CREATE TABLE gavel_revisions (
    revision text   COLLATE "C" PRIMARY KEY,
    sources  bytea  NOT NULL,
    saved    bigint NOT NULL,
    used     bigint NOT NULL
);
