-- +goose Up
-- What happened, counted by spans of half an hour since 1970. A count is the sum
-- over its slots. The rows of the present span change all the time and have
-- room for their next version.
CREATE TABLE gavel_tallies (
    span   bigint   NOT NULL,
    kind   text     COLLATE "C" NOT NULL,
    name   text     COLLATE "C" NOT NULL,
    detail text     COLLATE "C" NOT NULL,
    slot   smallint NOT NULL,
    n      bigint   NOT NULL,
    PRIMARY KEY (span, kind, name, detail, slot)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- The last day of a database that is older than its counts. Which connection a
-- failed attempt went over was not kept.
INSERT INTO gavel_tallies (span, kind, name, detail, slot, n)
    SELECT received / 1800000000, 'event', type, '', 0, count(*) FROM gavel_events
    WHERE received >= (extract(epoch FROM now())::bigint - 86400) * 1000000 GROUP BY 1, 3;
INSERT INTO gavel_tallies (span, kind, name, detail, slot, n)
    SELECT created / 1800000000, 'match', rule, '', 0, count(*) FROM gavel_runs
    WHERE created >= (extract(epoch FROM now())::bigint - 86400) * 1000000 GROUP BY 1, 3;
INSERT INTO gavel_tallies (span, kind, name, detail, slot, n)
    SELECT finished / 1800000000, 'end', rule, status, 0, count(*) FROM gavel_runs
    WHERE finished >= (extract(epoch FROM now())::bigint - 86400) * 1000000
        AND status IN ('succeeded', 'failed', 'canceled', 'skipped') GROUP BY 1, 3, 4;
