-- +goose Up
-- What rules remember: by a meeting (key is meeting/ and its key) or by the
-- hash of another value. event_seq is the event of the run that changed it last;
-- expires is 0 for what is kept as long as its meeting.
CREATE TABLE gavel_memories (
    key       text   COLLATE "C" NOT NULL,
    name      text   COLLATE "C" NOT NULL,
    kind      text   NOT NULL,
    value     bytea  NOT NULL,
    rule      text   NOT NULL,
    event_seq bigint NOT NULL,
    updated   bigint NOT NULL,
    expires   bigint NOT NULL,
    PRIMARY KEY (key, name)
);
CREATE INDEX gavel_memories_event ON gavel_memories (event_seq);
CREATE INDEX gavel_memories_expires ON gavel_memories (expires) WHERE expires > 0;
