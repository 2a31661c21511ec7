-- +goose Up
-- What rules remember: by a meeting (key is meeting/ and its key) or by the
-- hash of another value. event_seq is the event of the run that changed it last;
-- expires is 0 for what is kept as long as its meeting.
CREATE TABLE memories (
    key       TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    value     BLOB    NOT NULL,
    rule      TEXT    NOT NULL,
    event_seq INTEGER NOT NULL,
    updated   INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    PRIMARY KEY (key, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX memories_event ON memories (event_seq);
CREATE INDEX memories_expires ON memories (expires) WHERE expires > 0;
