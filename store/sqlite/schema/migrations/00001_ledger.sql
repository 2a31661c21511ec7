-- +goose Up
PRAGMA application_id = 1195464268;

CREATE TABLE events (
    seq        INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL,
    type       TEXT    NOT NULL,
    meeting    TEXT,
    happened   INTEGER NOT NULL,
    received   INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    deliveries INTEGER NOT NULL,
    runs       INTEGER NOT NULL,
    late       INTEGER NOT NULL,
    revision   TEXT    NOT NULL,
    body       BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_id ON events (id);
CREATE INDEX events_meeting ON events (meeting, happened) WHERE meeting IS NOT NULL;
CREATE INDEX events_received ON events (received);

CREATE TABLE runs (
    rid         INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL,
    event_seq   INTEGER NOT NULL,
    event_id    TEXT    NOT NULL,
    event_type  TEXT    NOT NULL,
    happened    INTEGER NOT NULL,
    rule        TEXT    NOT NULL,
    revision    TEXT    NOT NULL,
    meeting     TEXT,
    shadow      INTEGER NOT NULL,
    status      TEXT    NOT NULL,
    held        INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    due         INTEGER NOT NULL,
    next        INTEGER NOT NULL,
    tries       INTEGER NOT NULL,
    in_flight   INTEGER NOT NULL,
    follow      INTEGER NOT NULL,
    lanes       TEXT,
    owner       TEXT,
    lease_until INTEGER NOT NULL,
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    finished    INTEGER NOT NULL,
    results     BLOB
) STRICT;
CREATE UNIQUE INDEX runs_id ON runs (id);
CREATE INDEX runs_event ON runs (event_seq);
CREATE INDEX runs_status ON runs (status, id);
CREATE INDEX runs_due ON runs (due) WHERE held = 0 AND status IN ('pending', 'waiting');
CREATE INDEX runs_lease ON runs (lease_until) WHERE status = 'running';
CREATE INDEX runs_follow ON runs (meeting) WHERE follow = 1 AND status IN ('pending', 'waiting', 'running');

-- Active runs in the order of their meeting's events, one row per lane.
CREATE TABLE run_lanes (
    lane      TEXT    NOT NULL,
    happened  INTEGER NOT NULL,
    event_seq INTEGER NOT NULL,
    rid       INTEGER NOT NULL,
    PRIMARY KEY (lane, happened, event_seq, rid)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    seq       INTEGER PRIMARY KEY,
    rid       INTEGER NOT NULL,
    action    INTEGER NOT NULL,
    action_id TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    try       INTEGER NOT NULL,
    started   INTEGER NOT NULL,
    ended     INTEGER NOT NULL,
    outcome   TEXT    NOT NULL,
    cause     TEXT    NOT NULL,
    reason    TEXT    NOT NULL,
    request   BLOB,
    response  BLOB,
    next_try  INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_run ON attempts (rid);

CREATE TABLE revisions (
    revision TEXT PRIMARY KEY,
    sources  BLOB    NOT NULL,
    saved    INTEGER NOT NULL,
    used     INTEGER NOT NULL
) STRICT;

-- The highest event number ever deleted, so that numbers are not used twice.
CREATE TABLE marks (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
