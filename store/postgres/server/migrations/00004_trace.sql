-- +goose Up
-- Where the run belongs in the traces: a W3C traceparent, NULL without one.
ALTER TABLE gavel_runs ADD COLUMN trace text COLLATE "C";
