-- +goose Up
-- Ids belong to their organisation: id, meeting and event_id hold ORG/ID from
-- here on, or the id alone when an event names no organisation. See event.Key.
-- The organisation of a sealed event cannot be read here; it keeps its ids.
CREATE TEMP TABLE scopes ON COMMIT DROP AS
    SELECT seq, coalesce(CASE WHEN substr(body, 1, 1) = '\x7b'::bytea THEN
        substring(convert_from(body, 'UTF8') FROM '"organizationGuid"\s*:\s*"([^"\\/]{1,255})"') END, '') AS org
    FROM gavel_events;
CREATE UNIQUE INDEX scopes_seq ON scopes (seq);

UPDATE gavel_events e SET
    id = CASE WHEN s.org <> '' OR strpos(e.id, '/') > 0 THEN s.org || '/' || e.id ELSE e.id END,
    meeting = CASE WHEN s.org <> '' OR strpos(e.meeting, '/') > 0 THEN s.org || '/' || e.meeting ELSE e.meeting END
    FROM scopes s WHERE s.seq = e.seq AND (s.org <> '' OR strpos(e.id, '/') > 0 OR strpos(e.meeting, '/') > 0);
UPDATE gavel_runs r SET event_id = e.id, meeting = e.meeting FROM gavel_events e
    WHERE e.seq = r.event_seq AND r.event_id <> e.id;
UPDATE gavel_window_events w SET event_id = e.id FROM gavel_events e
    WHERE e.seq = w.event_seq AND w.event_id <> e.id;

-- A lane is a meeting and a destination behind E'\x1f'; E'\x1e' stands between
-- two.
UPDATE gavel_run_lanes l SET lane = s.org || '/' || l.lane FROM scopes s WHERE s.seq = l.event_seq AND s.org <> '';
UPDATE gavel_runs r SET lanes = s.org || '/' || replace(r.lanes, chr(30), chr(30) || s.org || '/')
    FROM scopes s WHERE s.seq = r.event_seq AND s.org <> '' AND r.lanes IS NOT NULL;

-- For an id that is asked for without its organisation.
CREATE INDEX gavel_events_bare_id ON gavel_events (substr(id, strpos(id, '/') + 1));
CREATE INDEX gavel_events_bare_meeting ON gavel_events (substr(meeting, strpos(meeting, '/') + 1));
