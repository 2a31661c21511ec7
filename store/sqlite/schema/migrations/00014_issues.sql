-- +goose Up
-- The failed runs of the same rule, action and cause. failing counts those that
-- are failed now and whose failure is above acked, total all failures there were.
CREATE TABLE issues (
    rule       TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    cause      TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    connection TEXT    NOT NULL,
    first      INTEGER NOT NULL,
    last       INTEGER NOT NULL,
    failing    INTEGER NOT NULL,
    total      INTEGER NOT NULL,
    acked      INTEGER NOT NULL DEFAULT 0,
    resolved   INTEGER NOT NULL DEFAULT 0,
    reopened   INTEGER NOT NULL DEFAULT 0,
    muted      INTEGER NOT NULL DEFAULT 0,
    by_whom    TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (rule, action, cause)
) STRICT, WITHOUT ROWID;

-- Failures by spans of twelve hours since 1970.
CREATE TABLE issue_spans (
    issue TEXT    NOT NULL,
    span  INTEGER NOT NULL,
    n     INTEGER NOT NULL,
    PRIMARY KEY (issue, span)
) STRICT, WITHOUT ROWID;

-- The issue of a failed run, and the number of its failure there; 0 when it is
-- acknowledged alone.
ALTER TABLE runs ADD COLUMN issue TEXT;
ALTER TABLE runs ADD COLUMN failure INTEGER NOT NULL DEFAULT 0;

-- The runs that are failed now, by their last attempt. Which connection it went
-- over was not kept.
CREATE TABLE failures AS
    SELECT rid, rule, action, cause, at, row_number() OVER (PARTITION BY rule, action, cause ORDER BY at, rid) AS n
    FROM (SELECT r.rid, r.rule, r.finished AS at, iif(ifnull(a.action, -1) < 0, '', a.action_id) AS action,
            CASE WHEN a.seq IS NULL THEN 'expression' WHEN a.cause <> '' THEN a.cause
                WHEN a.outcome = 'unknown' THEN 'interrupted' WHEN r.next < 0 THEN 'expression' ELSE 'internal' END AS cause
        FROM runs r INDEXED BY runs_status
        LEFT JOIN attempts a ON a.seq = (SELECT max(seq) FROM attempts l WHERE l.rid = r.rid)
        WHERE r.status = 'failed');
INSERT INTO issues (rule, action, cause, id, connection, first, last, failing, total)
    SELECT rule, action, cause, lower(hex(randomblob(6))), '', min(at), max(at), count(*), count(*) FROM failures GROUP BY 1, 2, 3;
INSERT INTO issue_spans (issue, span, n)
    SELECT i.id, f.at / 43200000000, count(*) FROM failures f JOIN issues i ON i.rule = f.rule AND i.action = f.action AND i.cause = f.cause
    WHERE f.at >= (unixepoch() - 1209600) * 1000000 GROUP BY 1, 2;
UPDATE runs SET issue = i.id, failure = f.n FROM failures f
    JOIN issues i ON i.rule = f.rule AND i.action = f.action AND i.cause = f.cause WHERE f.rid = runs.rid;
DROP TABLE failures;
CREATE INDEX issues_id ON issues (id);
CREATE INDEX runs_issue ON runs (issue, failure) WHERE issue IS NOT NULL;
