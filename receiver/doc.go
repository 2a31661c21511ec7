// Package receiver takes the webhooks of Cirrus Insight: it bounds, verifies
// and decodes each request, hands the event to a Sink, and answers only after
// the Sink has it safe.
//
//	method, path ─ 404 405
//	  ▼
//	content type, encoding ─ 415
//	  ▼
//	length ─ 413
//	  ▼
//	read ─ 408 413 503 (too much in flight)
//	  ▼
//	signature over the raw body ─ 401, always with the same words
//	  ▼
//	decode ─ 400 with the field
//	  ▼
//	Sink.Take ─ 503 with Retry-After, or 500
//	  ▼
//	200 accepted | duplicate
//
// Nothing is decoded before its signature holds, and no answer but that to a
// signed body says what was wrong inside it.
package receiver
