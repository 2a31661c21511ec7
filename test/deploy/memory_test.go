package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// container is the memory that the test allows, in bytes.
const container = 64 << 20

// confine returns a program that runs Gavel in a control group of its own with a
// limit of memory, or, where none can be made, with GOMEMLIMIT as its only limit.
func confine(t *testing.T) (program string, env []string) {
	t.Helper()
	name := "gavel-test-" + strconv.Itoa(os.Getpid())
	for _, v := range []struct{ parent, limit string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, {"/sys/fs/cgroup", "memory.max"},
	} {
		group := filepath.Join(v.parent, name)
		if os.Mkdir(group, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { _ = os.Remove(group) }) // after the process has ended
		if os.WriteFile(filepath.Join(group, v.limit), []byte(strconv.Itoa(container)), 0o644) != nil {
			continue
		}
		script := filepath.Join(t.TempDir(), "gavel")
		text := fmt.Sprintf("#!/bin/sh\necho $$ > %s/cgroup.procs && exec %s \"$@\"\n", group, testkit.Binary(t))
		if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return script, nil
	}
	t.Log("no control group could be made: the kernel does not enforce the limit")
	return testkit.Binary(t), []string{"GOMEMLIMIT=" + strconv.Itoa(container/2)}
}

// peak follows the memory of a process that no file is behind; the rest can be
// dropped by the kernel at any time.
type peak struct {
	stop, done chan struct{}
	most       int64
}

func watchMemory(t *testing.T, pid int) *peak {
	t.Helper()
	p := &peak{stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			p.most = max(p.most, anonymous(pid))
			select {
			case <-tick.C:
			case <-p.stop:
				return
			}
		}
	}()
	return p
}

func (p *peak) end() int64 {
	close(p.stop)
	<-p.done
	return p.most
}

func anonymous(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "RssAnon:" {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n << 10
		}
	}
	return 0
}

// flood is all that senders do to a small container at the same time.
type flood struct {
	t     *testing.T
	p     *testkit.Process
	mu    sync.Mutex
	acked map[string]bool
	busy  atomic.Int64
}

// post sends an event until it is acknowledged.
func (f *flood) post(client *http.Client, id string, body []byte) {
	for {
		a, err := testkit.Post(f.t, client, f.p.URL, testkit.Secret, body)
		switch {
		case err == nil && a.Code == http.StatusOK:
			f.mu.Lock()
			f.acked[id] = true
			f.mu.Unlock()
			return
		case err == nil && a.Code != http.StatusServiceUnavailable && a.Code != http.StatusTooManyRequests:
			f.t.Errorf("event %s: %d %s", id, a.Code, a.Body)
			return
		}
		if f.busy.Add(1) > 20_000 {
			f.t.Errorf("event %s was refused again and again: %v %d %s", id, err, a.Code, a.Body)
			return
		}
		select {
		case <-f.p.Exited():
			f.t.Error("Gavel has ended")
			return
		case <-time.After(20 * time.Millisecond): // a sender that is refused waits
		}
	}
}

// from returns a client with an address of its own.
func from(t *testing.T, address string) *http.Client {
	transport := &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}).DialContext, MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

// hold opens connections that begin to send, and stop.
func (f *flood) hold(address string, n int, begin string) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	for range n {
		conn, err := d.DialContext(f.t.Context(), "tcp", strings.TrimPrefix(f.p.URL, "http://"))
		if err != nil {
			f.t.Errorf("connect: %v", err)
			return
		}
		f.t.Cleanup(func() { _ = conn.Close() })
		_, _ = io.WriteString(conn, begin) // closed already if there are too many
	}
}

// ask sends a request to the API and returns the answer.
func (f *flood) ask(method, path string) []byte {
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.p.Console+"/api/v1/"+path, nil)
	if err != nil {
		f.t.Error(err)
		return nil
	}
	req.Header.Set("Authorization", "Bearer "+consoleToken)
	resp, err := (&http.Client{Timeout: time.Minute}).Do(req)
	if err != nil {
		f.t.Errorf("%s %s: %v", method, path, err)
		return nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		f.t.Errorf("%s %s: %d %.200s %v", method, path, resp.StatusCode, body, err)
	}
	return body
}

// export reads all events with their bodies over the API, in pages as large as can
// be, and the first page of lists.
func (f *flood) export() {
	rows := 0
	for cursor := ""; ; {
		var page struct {
			Items []struct{ ID string }
			Next  string
		}
		if err := json.Unmarshal(f.ask(http.MethodGet, "export/events?limit=500&cursor="+cursor), &page); err != nil {
			f.t.Errorf("export after %d events: %v", rows, err)
			return
		}
		rows += len(page.Items)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if rows != len(f.acked) {
		f.t.Errorf("%d events exported, %d acknowledged", rows, len(f.acked))
	}
	for _, path := range []string{"events?limit=500", "events?limit=500&q=large", "runs?limit=500", "export/runs?limit=500"} {
		f.ask(http.MethodGet, path)
	}
}

// TestSmallContainer: 64 MB are enough for a flood of events with actions, large
// bodies, slow senders, idle connections and a backup, all at once, and for an export
// of it all. What was acknowledged is stored.
func TestSmallContainer(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "{}")
	}))
	defer target.Close()
	program, env := confine(t)
	p := testkit.Start(t, testkit.Serve{Binary: program, Env: env, Args: []string{"--console-token", consoleToken}, Rules: `connections: { crm: { kind: http, base_url: ` + target.URL + ` } }
rules:
  - name: call
    event: "scheduling.*"
    actions: [{ http: { connection: crm, method: POST, url: /x, json: { all: "${{ data }}" } } }]
`})
	if !strings.Contains(p.Log(), `msg="memory limit"`) {
		t.Errorf("no limit of memory was found:\n%s", p.Log())
	}
	f := &flood{t: t, p: p, acked: map[string]bool{}}
	memory := watchMemory(t, p.PID())
	head := "POST " + testkit.ReceiverPath + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + testkit.SignatureHeader + ": " + testkit.Sign("x", nil) + "\r\n"
	f.hold("127.0.0.2", 200, "")
	f.hold("127.0.0.3", 200, head)
	f.hold("127.0.0.4", 50, head+"Content-Length: 1000000\r\n\r\n"+strings.Repeat(" ", 500_000))
	var senders sync.WaitGroup
	for i := range 16 {
		senders.Go(func() {
			client := from(t, fmt.Sprint("127.0.1.", i+1))
			for j := range 40 {
				id := fmt.Sprintf("small-%d-%d", i, j)
				f.post(client, id, testkit.Sample(t, event.TypeScheduled, id, "meeting.id", id))
			}
		})
	}
	for i := range 8 {
		senders.Go(func() {
			client := from(t, fmt.Sprint("127.0.2.", i+1))
			for j := range 3 {
				id := fmt.Sprintf("large-%d-%d", i, j)
				body := testkit.Sample(t, event.TypeScheduled, id, "meeting.id", id, "meeting.meetingInfo.meetingName", strings.Repeat("x", 900_000))
				f.post(client, id, append(body, bytes.Repeat([]byte(" "), 1<<20-len(body))...))
			}
		})
	}
	senders.Go(func() { f.ask(http.MethodPost, "backups") })
	senders.Wait()
	f.export()
	most := memory.end()
	t.Logf("at most %d MB, %d events acknowledged, %d times asked to come back", most>>20, len(f.acked), f.busy.Load())
	select {
	case <-p.Exited():
		t.Fatal("Gavel has ended")
	default:
	}
	if most > container {
		t.Errorf("%d MB of memory, more than %d", most>>20, container>>20)
	}
	f.checkStored()
}

// checkStored compares what was acknowledged with what is stored.
func (f *flood) checkStored() {
	f.t.Helper()
	out := testkit.Gavel(f.t, "events", "export", "--database", f.p.Database, "--format", "csv")
	if out.Code != 0 {
		f.t.Fatalf("events export: %s", out.Stderr)
	}
	for id := range f.acked {
		if !strings.Contains(out.Stdout, id) {
			f.t.Errorf("event %s was acknowledged and is not stored", id)
		}
	}
}
