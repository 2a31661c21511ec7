package testkit

import (
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// idleRules is a rules file whose one rule only writes to the log.
const idleRules = `rules:
  - name: idle
    event: developer.webhook.test
    actions: [{ log: { message: tested } }]
`

// Serve says how to start "gavel serve"; the zero value starts it on SQLite
// with a rule that sends nothing.
type Serve struct {
	// Rules is the text of the rules file. Process.RulesFile names the file.
	Rules string
	// RulesFile is used instead of Rules when it is given.
	RulesFile string
	// Database is a database URL; empty means SQLite in a folder of the test.
	Database string
	// Secret signs events; empty means the constant Secret.
	Secret string
	// Args are added after those of the fields above.
	Args []string
	// Env is added to a small environment that holds no GAVEL_ or OTEL_ variable.
	Env []string
	// Sockets are passed to the program as a service manager does, by name.
	Sockets map[string]*os.File
	// Binary is the program; empty means the one that Main has built.
	Binary string
}

// Process is a running "gavel serve".
type Process struct {
	URL       string // of the receiver: http://127.0.0.1:port
	Console   string // of the console, API and health
	RulesFile string
	Database  string
	Client    *http.Client

	t      testing.TB
	binary string
	args   []string // without the addresses
	env    []string
	secret string
	passed map[string]*os.File
	cmd    *exec.Cmd
	log    *logBuffer
	exited chan struct{}
}

// Start starts "gavel serve" and returns when it is ready. The process ends
// with the test; if the test has failed, its log is shown.
func Start(t testing.TB, o Serve) *Process {
	t.Helper()
	dir := t.TempDir()
	p := &Process{
		RulesFile: o.RulesFile, Database: o.Database,
		Client: &http.Client{Transport: &http.Transport{}, Timeout: patience},
		t:      t, binary: binaryOr(t, o.Binary), env: o.Env, secret: o.Secret, passed: o.Sockets, log: &logBuffer{},
	}
	if p.Database == "" {
		p.Database = "sqlite:" + filepath.Join(dir, "gavel.db")
	}
	if p.secret == "" {
		p.secret = Secret
	}
	if p.RulesFile == "" {
		p.RulesFile = filepath.Join(dir, "rules.yaml")
		p.WriteRules(o.Rules)
	}
	p.args = append([]string{
		"--rules", p.RulesFile, "--database", p.Database, "--signing-secret", p.secret,
	}, o.Args...)
	t.Cleanup(p.end)
	p.launch()
	return p
}

// WriteRules replaces the rules file in one step, as editors do.
func (p *Process) WriteRules(text string) {
	p.t.Helper()
	if text == "" {
		text = idleRules
	}
	next := p.RulesFile + ".next"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		p.t.Fatalf("write the rules: %v", err)
	}
	if err := os.Rename(next, p.RulesFile); err != nil {
		p.t.Fatalf("put the rules in place: %v", err)
	}
}

// launch starts the process and returns when it is ready.
func (p *Process) launch() {
	p.t.Helper()
	mark := p.log.len()
	addresses := FreeAddresses(p.t, 2)
	p.URL, p.Console = "http://"+addresses[0], "http://"+addresses[1]
	p.run(append([]string{"serve", "--listen", addresses[0], "--console", addresses[1]}, p.args...))
	if !poll(p.t, p.exited, p.Ready) {
		p.t.Fatalf("gavel serve did not get ready:\n%s", p.log.from(mark))
	}
}

func (p *Process) run(args []string) {
	p.t.Helper()
	cmd := exec.Command(p.binary, args...)
	cmd.Env = environment(p.env)
	if len(p.passed) > 0 {
		cmd = p.passing(args)
	}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	if err := cmd.Start(); err != nil {
		p.t.Fatalf("start gavel serve: %v", err)
	}
	exited := make(chan struct{})
	p.cmd, p.exited = cmd, exited
	go func() {
		defer close(exited)
		// The exit code is read from ProcessState; Wait's error says the same.
		_ = cmd.Wait()
	}()
}

// passing returns the command with the sockets. The process itself must be named
// in the environment, so a shell becomes it.
func (p *Process) passing(args []string) *exec.Cmd {
	cmd := exec.Command("/bin/sh", append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`, p.binary}, args...)...)
	names := slices.Sorted(maps.Keys(p.passed))
	for _, name := range names {
		cmd.ExtraFiles = append(cmd.ExtraFiles, p.passed[name])
	}
	cmd.Env = append(environment(p.env), "LISTEN_FDS="+strconv.Itoa(len(names)), "LISTEN_FDNAMES="+strings.Join(names, ":"))
	return cmd
}

// Ready reports whether the process says that it is ready.
func (p *Process) Ready() bool {
	res, err := p.Client.Get(p.Console + "/-/ready")
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// Post sends one event, signed with the process's secret.
func (p *Process) Post(body []byte) (Answer, error) {
	p.t.Helper()
	return Post(p.t, p.Client, p.URL, p.secret, body)
}

// MustPost sends one event and fails the test unless the answer is a 200.
func (p *Process) MustPost(body []byte) Answer {
	p.t.Helper()
	a, err := p.Post(body)
	if err != nil {
		p.t.Fatalf("post an event: %v", err)
	}
	if a.Code != http.StatusOK {
		p.t.Fatalf("post an event: %d %s", a.Code, a.Body)
	}
	return a
}

// Signal sends a signal to the process.
func (p *Process) Signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatalf("send %v to gavel serve: %v", sig, err)
	}
}

// Reload asks the process to read its rules again (SIGHUP).
func (p *Process) Reload() {
	p.t.Helper()
	p.Signal(syscall.SIGHUP)
}

// Kill ends the process without a chance to clean up, as a power cut does.
func (p *Process) Kill() {
	p.t.Helper()
	p.Signal(syscall.SIGKILL)
	p.Wait()
}

// Stop asks the process to end (SIGTERM) and returns its exit code.
func (p *Process) Stop() int {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	return p.Wait()
}

// Wait waits for the end of the process and returns its exit code; -1 means
// that a signal has ended it.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.t.Fatalf("gavel serve did not end within %v", patience)
		return 0
	}
}

// Exited is closed when the process has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Restart starts the process again after its end, with the same rules and the
// same database, on other ports.
func (p *Process) Restart() {
	p.t.Helper()
	p.Wait()
	p.launch()
}

// Become makes another program run at the next Restart, as an upgrade does; empty
// means the one that Main has built.
func (p *Process) Become(binary string) {
	p.t.Helper()
	p.binary = binaryOr(p.t, binary)
}

// MoveTo makes the process use another database at the next Restart.
func (p *Process) MoveTo(database string) {
	p.t.Helper()
	i := slices.Index(p.args, "--database")
	p.args[i+1], p.Database = database, database
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Log returns what the process has printed so far, restarts included.
func (p *Process) Log() string { return p.log.from(0) }

func (p *Process) end() {
	p.Client.CloseIdleConnections()
	if p.cmd != nil && p.cmd.Process != nil {
		// The process may have ended already.
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
	if p.t.Failed() {
		p.t.Logf("log of gavel serve:\n%s", p.Log())
	}
}
