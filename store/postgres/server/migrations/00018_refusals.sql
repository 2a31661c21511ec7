-- +goose Up
-- Requests that the receiver refused; source is empty for those that are not
-- named.
CREATE TABLE gavel_refusals (
    reason text   COLLATE "C" NOT NULL,
    source text   COLLATE "C" NOT NULL,
    n      bigint NOT NULL,
    first  bigint NOT NULL,
    last   bigint NOT NULL,
    PRIMARY KEY (reason, source)
);
