package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gavel-rules/gavel/bench/traffic"
	"github.com/gavel-rules/gavel/event/decode"
)

const (
	bareRole       = "serve-bare"
	secretVariable = "BENCH_SECRET"
	largestBody    = 1 << 20
)

// serveBare runs the bare handler: it verifies, decodes and answers, and keeps
// nothing. No receiver in Go can do less.
func serveBare(ctx context.Context, address, secret string) error {
	server := &http.Server{Addr: address, Handler: bareHandler([]byte(secret))}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

func bareHandler(secret []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/ready", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST "+traffic.ReceiverPath, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
		if err != nil {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		got, err := hex.DecodeString(r.Header.Get(traffic.SignatureHeader))
		mac := hmac.New(sha256.New, secret)
		mac.Write(body)
		if err != nil || !hmac.Equal(got, mac.Sum(nil)) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		ev, err := decode.Event(body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"eventId":%q,"status":"accepted"}`, ev.ID)
	})
	return mux
}
