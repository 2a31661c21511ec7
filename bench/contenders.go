package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/bench/process"
	"github.com/gavel-rules/gavel/bench/traffic"
	"github.com/gavel-rules/gavel/bench/yardstick"
)

// newDatabase makes an empty database; drop removes it. What cannot be removed
// goes with the private server or with the folder of all that is written.
type newDatabase func(ctx context.Context, name string) (url string, drop func() error, err error)

func noDatabase(context.Context, string) (string, func() error, error) {
	return "", func() error { return nil }, nil
}

// bareContender is this program again, as a bare handler.
func (b *bench) bareContender() contender {
	return b.handwritten("bare handler", yardstick.BareRole, noDatabase)
}

// handwrittenSQLite is this program again, as the receiver that a developer
// would write with SQLite instead of using Gavel.
func (b *bench) handwrittenSQLite() contender {
	return b.handwritten("handwritten, SQLite", yardstick.SQLiteRole, b.sqlitePlace().make)
}

// handwrittenPostgres is the same with PostgreSQL.
func (b *bench) handwrittenPostgres() contender {
	c := b.handwritten("handwritten, PostgreSQL", yardstick.PostgresRole, postgresPlace().make)
	c.server = true
	return c
}

func (b *bench) handwritten(name, role string, database newDatabase) contender {
	keeps := role != yardstick.BareRole
	return contender{
		name: name,
		acts: keeps,
		start: func(ctx context.Context, round int, sinkURL string) (*fleet, error) {
			addresses, err := freeAddresses(1)
			if err != nil {
				return nil, err
			}
			url, drop, err := database(ctx, "events")
			if err != nil {
				return nil, err
			}
			o := yardstick.Options{Role: role, Address: addresses[0], Database: strings.TrimPrefix(url, "sqlite:"), Sink: sinkURL}
			p, err := process.Start(ctx, process.Program{
				Name: b.self, Args: o.Args(),
				Env:      []string{yardstick.SecretVariable + "=" + traffic.SigningSecret},
				ReadyURL: "http://" + addresses[0] + "/-/ready",
				Log:      filepath.Join(b.dir, fmt.Sprintf("%s-%d.log", role, round)),
			})
			if err != nil {
				return nil, errors.Join(err, drop())
			}
			f := &fleet{processes: []*process.Process{p}, addresses: addresses, after: func() { _ = drop() }}
			if keeps {
				f.watch = watchOutbox(addresses[0])
			}
			return f, nil
		},
	}
}

// sqliteContender is the real binary with a database file in a folder of its
// own.
func (b *bench) sqliteContender() contender {
	return b.gavelContender("gavel, SQLite", b.sqlitePlace().make, 1)
}

// besideContender is the same with the database beside the rules, in the folder
// that Gavel watches for changes.
func (b *bench) besideContender() contender {
	c := b.sqliteContender()
	c.name = "gavel, SQLite beside the rules"
	c.start = func(ctx context.Context, _ int, sinkURL string) (*fleet, error) {
		url, drop, err := b.sqlitePlace().make(ctx, "gavel")
		if err != nil {
			return nil, err
		}
		return b.startFleetOn(ctx, filepath.Dir(strings.TrimPrefix(url, "sqlite:")), url, drop, sinkURL, 1)
	}
	return c
}

// postgresContender is a number of processes on one database of their own.
func (b *bench) postgresContender(processes int) contender {
	name := "gavel, PostgreSQL"
	if processes > 1 {
		name = fmt.Sprintf("%d gavels, PostgreSQL", processes)
	}
	c := b.gavelContender(name, postgresPlace().make, processes)
	c.server = true
	return c
}

func (b *bench) gavelContender(name string, database newDatabase, processes int) contender {
	return contender{
		name: name,
		acts: true,
		start: func(ctx context.Context, _ int, sinkURL string) (*fleet, error) {
			url, drop, err := database(ctx, "gavel")
			if err != nil {
				return nil, err
			}
			dir, err := os.MkdirTemp(b.dir, "rules-")
			if err != nil {
				return nil, errors.Join(fmt.Errorf("make a folder: %w", err), drop())
			}
			return b.startFleetOn(ctx, dir, url, drop, sinkURL, processes)
		},
	}
}

// startFleetOn starts a fleet that drops its database when it stops.
func (b *bench) startFleetOn(ctx context.Context, dir, database string, drop func() error, sinkURL string, processes int) (*fleet, error) {
	f, err := b.startFleet(ctx, dir, database, sinkURL, processes)
	if err != nil {
		return nil, errors.Join(err, drop())
	}
	f.after = func() { _ = drop() }
	return f, nil
}

// startFleet starts "gavel serve" a number of times on one database, with the
// rule that every case uses, in the given folder.
func (b *bench) startFleet(ctx context.Context, dir, database, sinkURL string, processes int) (*fleet, error) {
	return b.startFleetWith(ctx, dir, database, benchRules(sinkURL), processes)
}

// startFleetWith is startFleet with other rules.
func (b *bench) startFleetWith(ctx context.Context, dir, database, source string, processes int) (*fleet, error) {
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte(source), 0o600); err != nil {
		return nil, fmt.Errorf("write the rules: %w", err)
	}
	// Not in a folder that is watched.
	logs, err := os.MkdirTemp(b.dir, "logs-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	addresses, err := freeAddresses(2 * processes)
	if err != nil {
		return nil, err
	}
	f := &fleet{addresses: addresses[:processes], metrics: addresses[processes:], watch: watchStore(database)}
	for i := range processes {
		p, err := process.Start(ctx, process.Program{
			Name: b.gavel,
			Args: []string{
				"serve", "--rules", rules, "--database", database, "--signing-secret", traffic.SigningSecret,
				"--listen", f.addresses[i], "--console", f.metrics[i],
			},
			ReadyURL: "http://" + f.metrics[i] + "/-/ready",
			Log:      filepath.Join(logs, fmt.Sprintf("gavel-%d.log", i)),
		})
		if err != nil {
			f.stop()
			return nil, err
		}
		f.processes = append(f.processes, p)
	}
	return f, nil
}

// benchRules matches by type and by condition; only canceled meetings start
// the action.
func benchRules(sinkURL string) string {
	return fmt.Sprintf(`rules:
  - name: tell-the-sink
    event: scheduling.smartscheduler.*
    when: meeting.isCanceled && meeting.meetingOwner.username endsWith "@acme.example"
    actions:
      - http:
          method: POST
          url: %s/actions
          query: { event: "${{ event.eventId }}" }
          json: { name: "${{ meeting.meetingInfo.meetingName }}", start: "${{ meeting.meetingStart }}" }
`, sinkURL)
}

// fleet is one contender: the processes that share its work.
type fleet struct {
	processes []*process.Process
	addresses []string // where each process takes events
	metrics   []string // where each process tells of itself; empty for none
	watch     watch    // opens the backlog; nil when there is none
	backlog   *backlog // once it is open
	before    func()   // called before they are stopped; may be nil
	after     func()   // called when all have stopped; may be nil
}

// stop ends all processes.
func (f *fleet) stop() {
	if f.before != nil {
		f.before()
	}
	if f.backlog != nil {
		_ = f.backlog.Close() // it was only read
	}
	for _, p := range f.processes {
		p.Stop()
	}
	if f.after != nil {
		f.after()
	}
}

// cpu returns the processor time that all processes have used so far.
func (f *fleet) cpu() (time.Duration, error) {
	var sum time.Duration
	for _, p := range f.processes {
		used, err := p.CPU()
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// ready returns how long the slowest start took.
func (f *fleet) ready() time.Duration {
	var longest time.Duration
	for _, p := range f.processes {
		longest = max(longest, p.ReadyAfter)
	}
	return longest
}

// memory returns the resident memory of all processes now, and the sum of
// what each of them had at its highest.
func (f *fleet) memory() (now, peak int64, err error) {
	for _, p := range f.processes {
		n, high, err := p.Memory()
		if err != nil {
			return 0, 0, err
		}
		now, peak = now+n, peak+high
	}
	return now, peak, nil
}

func (f *fleet) lastWords() string {
	var words []string
	for _, p := range f.processes {
		words = append(words, p.LastWords())
	}
	return strings.Join(words, "\n")
}

// get returns the body of an answer with status 200.
func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GET %s: status %d", url, res.StatusCode)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", fmt.Errorf("GET %s: %w", url, err)
	}
	return string(body), nil
}
