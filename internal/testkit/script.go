package testkit

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// Scripts returns how the *.txtar scripts in dir are run. Beyond what
// testscript knows, a script can say:
//
//	address NAME…         set each NAME to a loopback address that is the script's
//	                      own until its end
//	await URL [TEXT]      wait until a GET of URL answers 200, with TEXT in it;
//	                      with ! before it, until the answer is another than 200
//	await-file FILE TEXT  wait until FILE holds TEXT
//	sink NAME [STATUS…]   start a server, set NAME to its URL, and write one line
//	                      per request to the file NAME: method, path, body. It
//	                      answers with each STATUS in turn, then with 200
func Scripts(dir string) testscript.Params {
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"address":    scriptAddress,
			"await":      scriptAwait,
			"await-file": scriptAwaitFile,
			"sink":       scriptSink,
		},
	}
}

func scriptAddress(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: address NAME…")
	}
	for _, name := range args {
		address, held, err := reserve()
		ts.Check(err)
		ts.Defer(func() { _ = held.Close() })
		ts.Setenv(name, address)
	}
}

func scriptAwait(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: [!] await URL [TEXT]")
	}
	text := strings.Join(args[1:], "")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	last := "nothing"
	scriptPoll(ts, func() bool {
		res, err := client.Get(args[0])
		if err != nil {
			last = err.Error()
			return false
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		last = fmt.Sprintf("%s\n%s", res.Status, body)
		return err == nil && (res.StatusCode == http.StatusOK) == !neg && strings.Contains(string(body), text)
	}, func() string { return fmt.Sprintf("%s: want 200 (%v) with %q, got %s", args[0], !neg, text, last) })
}

func scriptAwaitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await-file FILE TEXT")
	}
	var data []byte
	scriptPoll(ts, func() bool {
		var err error
		data, err = os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && strings.Contains(string(data), args[1])
	}, func() string { return fmt.Sprintf("%s: want %q, got %q", args[0], args[1], data) })
}

func scriptPoll(ts *testscript.TestScript, done func() bool, otherwise func() string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(pollEach)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			ts.Fatalf("waited %v in vain: %s", patience, otherwise())
		}
	}
}

func scriptSink(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: sink NAME [STATUS…]")
	}
	var statuses []int
	for _, arg := range args[1:] {
		var status int
		if _, err := fmt.Sscanf(arg, "%d", &status); err != nil || status < 200 || status > 599 {
			ts.Fatalf("sink: %q is not a status", arg)
		}
		statuses = append(statuses, status)
	}
	file, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	server := &http.Server{Handler: &sink{file: file, statuses: statuses}}
	var serving sync.WaitGroup
	// Serve ends with Close, below.
	serving.Go(func() { _ = server.Serve(l) })
	ts.Defer(func() {
		_ = server.Close()
		serving.Wait()
		_ = file.Close()
	})
	ts.Setenv(args[0], "http://"+l.Addr().String())
}

// sink writes down what it is sent.
type sink struct {
	mu       sync.Mutex
	file     io.Writer
	statuses []int // of the next answers
}

// ServeHTTP takes one request.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	status := http.StatusOK
	if len(s.statuses) > 0 {
		status, s.statuses = s.statuses[0], s.statuses[1:]
	}
	if _, err := fmt.Fprintf(s.file, "%s %s %s\n", r.Method, r.URL.RequestURI(), body); err != nil {
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
}
