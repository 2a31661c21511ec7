// Package receiver accepts webhooks from Cirrus Insight: it limits, verifies
// and decodes each request, passes the event to a Sink, and answers only after
// the Sink has stored it.
//
//	method, path ─ 404 405
//	  ▼
//	content type, encoding ─ 415
//	  ▼
//	length ─ 413
//	  ▼
//	read ─ 408 413 503 (too much in flight)
//	  ▼
//	signature over the raw body ─ 401, always with the same text
//	  ▼
//	decode ─ 400 with the field
//	  ▼
//	Sink.Take ─ 503 with Retry-After, or 500
//	  ▼
//	200 accepted | duplicate
//
// Nothing is decoded before its signature is verified, and only the sender of
// a signed body is told what is wrong in it.
package receiver
