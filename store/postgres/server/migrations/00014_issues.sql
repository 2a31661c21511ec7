-- +goose Up
-- The failed runs of the same rule, action and cause. failing counts those that
-- are failed now and whose failure is above acked, total all failures there were.
CREATE TABLE gavel_issues (
    rule       text   COLLATE "C" NOT NULL,
    action     text   COLLATE "C" NOT NULL,
    cause      text   COLLATE "C" NOT NULL,
    id         text   COLLATE "C" NOT NULL,
    connection text   NOT NULL,
    first      bigint NOT NULL,
    last       bigint NOT NULL,
    failing    bigint NOT NULL,
    total      bigint NOT NULL,
    acked      bigint NOT NULL DEFAULT 0,
    resolved   bigint NOT NULL DEFAULT 0,
    reopened   bigint NOT NULL DEFAULT 0,
    muted      bigint NOT NULL DEFAULT 0,
    by_whom    text   NOT NULL DEFAULT '',
    PRIMARY KEY (rule, action, cause)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- Failures by spans of twelve hours since 1970.
CREATE TABLE gavel_issue_spans (
    issue text   COLLATE "C" NOT NULL,
    span  bigint NOT NULL,
    n     bigint NOT NULL,
    PRIMARY KEY (issue, span)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

-- The issue of a failed run, and the number of its failure there; 0 when it is
-- acknowledged alone.
ALTER TABLE gavel_runs ADD COLUMN issue text COLLATE "C";
ALTER TABLE gavel_runs ADD COLUMN failure bigint NOT NULL DEFAULT 0;

-- The runs that are failed now, by their last attempt. Which connection it went
-- over was not kept.
CREATE TEMP TABLE failures ON COMMIT DROP AS
    SELECT rid, rule, action, cause, at, row_number() OVER (PARTITION BY rule, action, cause ORDER BY at, rid) AS n
    FROM (SELECT r.rid, r.rule, r.finished AS at, CASE WHEN coalesce(a.action, -1) < 0 THEN '' ELSE a.action_id END AS action,
            CASE WHEN a.seq IS NULL THEN 'expression' WHEN a.cause <> '' THEN a.cause
                WHEN a.outcome = 'unknown' THEN 'interrupted' WHEN r.next < 0 THEN 'expression' ELSE 'internal' END AS cause
        FROM gavel_runs r
        LEFT JOIN LATERAL (SELECT * FROM gavel_attempts l WHERE l.rid = r.rid ORDER BY l.seq DESC LIMIT 1) a ON true
        WHERE r.status = 'failed') AS f;
INSERT INTO gavel_issues (rule, action, cause, id, connection, first, last, failing, total)
    SELECT rule, action, cause, substr(md5(rule || chr(31) || action || chr(31) || cause), 1, 12), '', min(at), max(at), count(*), count(*)
    FROM failures GROUP BY 1, 2, 3;
INSERT INTO gavel_issue_spans (issue, span, n)
    SELECT i.id, f.at / 43200000000, count(*) FROM failures f JOIN gavel_issues i ON i.rule = f.rule AND i.action = f.action AND i.cause = f.cause
    WHERE f.at >= (extract(epoch FROM now())::bigint - 1209600) * 1000000 GROUP BY 1, 2;
UPDATE gavel_runs r SET issue = i.id, failure = f.n FROM failures f
    JOIN gavel_issues i ON i.rule = f.rule AND i.action = f.action AND i.cause = f.cause WHERE f.rid = r.rid;
CREATE INDEX gavel_issues_id ON gavel_issues (id);
CREATE INDEX gavel_runs_issue ON gavel_runs (issue, failure) WHERE issue IS NOT NULL;
