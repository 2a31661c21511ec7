package runbook

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fault makes something break and looks for what the entry says.
type fault func(t *testing.T, e entry)

// faults are all that the runbook knows, by the title of the entry.
func faults() map[string]fault {
	return map[string]fault{
		"Gavel does not respond":                    processGone,
		"It ends right after the start":             endsAtStart,
		"The disk is full":                          diskFull,
		"The disk is read-only":                     diskReadOnly,
		"The database file was removed or replaced": fileRemoved,
		"The database is damaged":                   fileDamaged,
		"Another process holds the database":        heldByAnother,
		"PostgreSQL is away":                        postgresAway,
		"PostgreSQL is read-only":                   postgresReadOnly,
		"PostgreSQL can lose events":                postgresUnsafe,
		"The clock is wrong":                        clockWrong,
		"No file descriptors are left":              noFiles,
		"Most signatures are invalid":               badSignatures,
		"The source is quiet":                       sourceQuiet,
		"New rules are rejected":                    rulesRejected,
		"Runs fail":                                 runsFail,
		"A token was revoked":                       tokenRevoked,
		"A destination is down":                     destinationDown,
		"Runs are overdue":                          runsOverdue,
		"Something is paused for long":              pausedForLong,
		"Old events cannot be archived":             cannotArchive,
		"Backups fail":                              backupsFail,
		"Progress of runs is refused":               progressRefused,
	}
}

// TestFaults makes every fault of the runbook happen.
func TestFaults(t *testing.T) {
	t.Parallel()
	known, all := entries(t), faults()
	for title, e := range known {
		if all[title] == nil {
			t.Errorf("nothing shows the entry %q of the runbook", title)
			continue
		}
		t.Run(strings.ReplaceAll(title, " ", "-"), func(t *testing.T) {
			t.Parallel()
			all[title](t, e)
		})
	}
	for title := range all {
		if _, there := known[title]; !there {
			t.Errorf("the runbook has no entry %q", title)
		}
	}
}

// TestAlertsLead: every alert has the address of an entry that names it.
func TestAlertsLead(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/alerts.yaml")
	must(t, err)
	known := entries(t)
	parts := strings.Split(string(raw), "- alert: ")[1:]
	for _, part := range parts {
		name, rest, _ := strings.Cut(part, "\n")
		m := regexp.MustCompile(`runbook_url: \S+/docs/runbook\.md#(\S+)\n`).FindStringSubmatch(rest + "\n")
		if m == nil {
			t.Errorf("alert %s has no runbook_url", name)
			continue
		}
		led := false
		for title, e := range known {
			if strings.ReplaceAll(strings.ToLower(title), " ", "-") == m[1] {
				led = slices.Contains(e.alerts, name)
			}
		}
		if !led {
			t.Errorf("alert %s leads to %s, which is no entry that names it", name, m[1])
		}
		for title, e := range known {
			for _, alert := range e.alerts {
				if !strings.Contains(string(raw), "- alert: "+alert+"\n") {
					t.Errorf("%s: there is no alert %s", title, alert)
				}
			}
		}
	}
}
