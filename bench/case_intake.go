package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// runIntake answers: how much of the speed of a handler that keeps nothing is
// left when every event is on disk before its answer, and every fifth starts
// an HTTP action?
func runIntake(ctx context.Context, b *bench) (*report, error) {
	return b.compare(ctx, "intake",
		fmt.Sprintf("%d signed events of 1.4 kB per round over %d connections, closed loop; every %dth starts one http action",
			b.events, b.connections, actionEach),
		b.bareContender(), b.sqliteContender())
}

// bareContender is this program again, as a bare handler.
func (b *bench) bareContender() contender {
	return contender{
		name: "bare handler",
		start: func(ctx context.Context, round int, _ string) (*process, string, error) {
			addresses, err := freeAddresses(1)
			if err != nil {
				return nil, "", err
			}
			p, err := startProcess(ctx, program{
				name: b.self, args: []string{bareRole, addresses[0]},
				env:      []string{secretVariable + "=" + signingSecret},
				readyURL: "http://" + addresses[0] + "/-/ready",
				log:      filepath.Join(b.dir, fmt.Sprintf("bare-%d.log", round)),
			})
			return p, addresses[0], err
		},
	}
}

// sqliteContender is the real binary with a database file of its own.
func (b *bench) sqliteContender() contender {
	return contender{
		name: "gavel, SQLite",
		acts: true,
		start: func(ctx context.Context, round int, sinkURL string) (*process, string, error) {
			dir := filepath.Join(b.dir, fmt.Sprintf("sqlite-%d", round))
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return nil, "", fmt.Errorf("make a folder: %w", err)
			}
			return b.startGavel(ctx, dir, "sqlite:"+filepath.Join(dir, "gavel.db"), sinkURL)
		},
	}
}

// startGavel starts "gavel serve" with the rule that every case uses.
func (b *bench) startGavel(ctx context.Context, dir, database, sinkURL string) (*process, string, error) {
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte(benchRules(sinkURL)), 0o600); err != nil {
		return nil, "", fmt.Errorf("write the rules: %w", err)
	}
	addresses, err := freeAddresses(2)
	if err != nil {
		return nil, "", err
	}
	p, err := startProcess(ctx, program{
		name: b.gavel,
		args: []string{
			"serve", "--rules", rules, "--database", database, "--signing-secret", signingSecret,
			"--listen", addresses[0], "--console", addresses[1],
		},
		readyURL: "http://" + addresses[1] + "/-/ready",
		log:      filepath.Join(dir, "gavel.log"),
	})
	return p, addresses[0], err
}

// benchRules matches by type and by condition; only canceled meetings, every
// fifth event, start the action.
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
