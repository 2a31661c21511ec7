-- +goose Up
-- Ids belong to their organisation: id, meeting and event_id hold ORG/ID from
-- here on, or the id alone when an event names no organisation. See event.Key.
-- The organisation of a sealed event cannot be read here; it keeps its ids.
CREATE TABLE scopes AS
    SELECT seq, CASE
        WHEN json_valid(CAST(body AS TEXT)) = 0 THEN ''
        WHEN json_type(CAST(body AS TEXT), '$.organizationGuid') = 'text' THEN json_extract(CAST(body AS TEXT), '$.organizationGuid')
        ELSE '' END AS org
    FROM events;
DELETE FROM scopes WHERE length(org) > 256 OR instr(org, '/') > 0;
CREATE UNIQUE INDEX scopes_seq ON scopes (seq);

UPDATE events SET
    id = CASE WHEN s.org <> '' OR instr(id, '/') > 0 THEN s.org || '/' || id ELSE id END,
    meeting = CASE WHEN s.org <> '' OR instr(meeting, '/') > 0 THEN s.org || '/' || meeting ELSE meeting END
    FROM scopes s WHERE s.seq = events.seq;
UPDATE runs SET event_id = e.id, meeting = e.meeting FROM events e WHERE e.seq = runs.event_seq;
UPDATE window_events SET event_id = e.id FROM events e WHERE e.seq = window_events.event_seq;

-- A lane is a meeting and a destination behind x'1f'; x'1e' stands between two.
UPDATE run_lanes SET lane = s.org || '/' || lane FROM scopes s WHERE s.seq = run_lanes.event_seq AND s.org <> '';
UPDATE runs SET lanes = s.org || '/' || replace(lanes, char(30), char(30) || s.org || '/')
    FROM scopes s WHERE s.seq = runs.event_seq AND s.org <> '' AND lanes IS NOT NULL;
DROP TABLE scopes;

-- For an id that is asked for without its organisation.
CREATE INDEX events_bare_id ON events (substr(id, instr(id, '/') + 1));
CREATE INDEX events_bare_meeting ON events (substr(meeting, instr(meeting, '/') + 1));
