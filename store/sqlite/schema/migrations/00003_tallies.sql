-- +goose Up
-- What happened, counted by spans of half an hour since 1970.
CREATE TABLE tallies (
    span   INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    name   TEXT    NOT NULL,
    detail TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (span, kind, name, detail)
) STRICT, WITHOUT ROWID;

-- The last day of a database that is older than its counts. Which connection a
-- failed attempt went over was not kept.
INSERT INTO tallies (span, kind, name, detail, n)
    SELECT received / 1800000000, 'event', type, '', count(*) FROM events
    WHERE received >= (unixepoch() - 86400) * 1000000 GROUP BY 1, 3;
INSERT INTO tallies (span, kind, name, detail, n)
    SELECT created / 1800000000, 'match', rule, '', count(*) FROM runs
    WHERE created >= (unixepoch() - 86400) * 1000000 GROUP BY 1, 3;
INSERT INTO tallies (span, kind, name, detail, n)
    SELECT finished / 1800000000, 'end', rule, status, count(*) FROM runs
    WHERE finished >= (unixepoch() - 86400) * 1000000 AND status IN ('succeeded', 'failed', 'canceled', 'skipped') GROUP BY 1, 3, 4;
