-- +goose Up
-- Where the run belongs in the traces: a W3C traceparent, NULL without one.
ALTER TABLE runs ADD COLUMN trace TEXT;
