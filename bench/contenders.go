package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gavel-rules/gavel/bench/process"
	"github.com/gavel-rules/gavel/bench/traffic"
)

// bareContender is this program again, as a bare handler.
func (b *bench) bareContender() contender {
	return contender{
		name: "bare handler",
		start: func(ctx context.Context, round int, _ string) (*fleet, error) {
			addresses, err := freeAddresses(1)
			if err != nil {
				return nil, err
			}
			p, err := process.Start(ctx, process.Program{
				Name: b.self, Args: []string{bareRole, addresses[0]},
				Env:      []string{secretVariable + "=" + traffic.SigningSecret},
				ReadyURL: "http://" + addresses[0] + "/-/ready",
				Log:      filepath.Join(b.dir, fmt.Sprintf("bare-%d.log", round)),
			})
			if err != nil {
				return nil, err
			}
			return &fleet{processes: []*process.Process{p}, addresses: addresses}, nil
		},
	}
}

// sqliteContender is the real binary with a database file of its own.
func (b *bench) sqliteContender() contender {
	return contender{
		name: "gavel, SQLite",
		acts: true,
		start: func(ctx context.Context, _ int, sinkURL string) (*fleet, error) {
			dir, err := os.MkdirTemp(b.dir, "sqlite-")
			if err != nil {
				return nil, fmt.Errorf("make a folder: %w", err)
			}
			f, err := b.startFleet(ctx, dir, "sqlite:"+filepath.Join(dir, "gavel.db"), sinkURL, 1)
			if err != nil {
				return nil, err
			}
			f.after = func() { _ = os.RemoveAll(dir) } // the rest goes with b.dir
			return f, nil
		},
	}
}

// postgresContender is a number of processes on one database of their own.
func (b *bench) postgresContender(processes int) contender {
	name := "gavel, PostgreSQL"
	if processes > 1 {
		name = fmt.Sprintf("%d gavels, PostgreSQL", processes)
	}
	return contender{
		name: name,
		acts: true,
		start: func(ctx context.Context, _ int, sinkURL string) (*fleet, error) {
			dir, err := os.MkdirTemp(b.dir, "postgres-")
			if err != nil {
				return nil, fmt.Errorf("make a folder: %w", err)
			}
			db, err := createDatabase(ctx)
			if err != nil {
				return nil, err
			}
			f, err := b.startFleet(ctx, dir, db.url, sinkURL, processes)
			if err != nil {
				return nil, errors.Join(err, db.drop())
			}
			// A database that stays behind goes with the private server.
			f.after = func() { _ = db.drop() }
			return f, nil
		},
	}
}

// startFleet starts "gavel serve" a number of times on one database, with the
// rule that every case uses.
func (b *bench) startFleet(ctx context.Context, dir, database, sinkURL string, processes int) (*fleet, error) {
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte(benchRules(sinkURL)), 0o600); err != nil {
		return nil, fmt.Errorf("write the rules: %w", err)
	}
	addresses, err := freeAddresses(2 * processes)
	if err != nil {
		return nil, err
	}
	f := &fleet{addresses: addresses[:processes], metrics: addresses[processes:]}
	for i := range processes {
		p, err := process.Start(ctx, process.Program{
			Name: b.gavel,
			Args: []string{
				"serve", "--rules", rules, "--database", database, "--signing-secret", traffic.SigningSecret,
				"--listen", f.addresses[i], "--console", f.metrics[i],
			},
			ReadyURL: "http://" + f.metrics[i] + "/-/ready",
			Log:      filepath.Join(dir, fmt.Sprintf("gavel-%d.log", i)),
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
