package systemd

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// statusEvery is how often the status is looked at without a watchdog.
const statusEvery = 15 * time.Second

// Manager is the service manager that started this process.
type Manager struct {
	log      *slog.Logger
	watchdog time.Duration // it ends this process after such a silence; 0: never

	mu     sync.Mutex
	status string // told last
}

// New returns the manager that the environment names. A process that nobody
// manages gets one too, whose methods do nothing.
func New(log *slog.Logger) (*Manager, error) {
	watchdog, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return nil, fmt.Errorf("watchdog of systemd: %w", err)
	}
	return &Manager{log: log, watchdog: watchdog}, nil
}

// Starting says what Gavel does before it is ready.
func (m *Manager) Starting(status string) { m.tell("", status) }

// Ready says that Gavel listens, or that a reload has ended.
func (m *Manager) Ready(status string) { m.tell(daemon.SdNotifyReady, status) }

// Reloading says that the rules are read again; Ready ends it.
func (m *Manager) Reloading() {
	m.send(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// Stopping says that Gavel shuts down.
func (m *Manager) Stopping(status string) { m.tell(daemon.SdNotifyStopping, status) }

// State is how Gavel is.
type State struct {
	Status string // for "systemctl status"
	// Stuck says why Gavel does not work and a restart may help; empty when it
	// works.
	Stuck string
}

// Watch tells the manager the state until ctx ends, and feeds its watchdog
// unless Gavel is stuck.
func (m *Manager) Watch(ctx context.Context, look func(context.Context) State) {
	every := statusEvery
	if m.watchdog > 0 {
		every = min(every, m.watchdog/3)
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	stuck := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		switch now := look(ctx); {
		case ctx.Err() != nil:
			return
		case now.Stuck != "":
			if !stuck && m.watchdog > 0 {
				m.log.ErrorContext(ctx, "Gavel is stuck; systemd restarts it unless it goes on", "reason", now.Stuck, "within", m.watchdog.String())
			}
			stuck = true
			m.tell("", "stuck: "+now.Stuck)
		default:
			stuck = false
			m.tell(daemon.SdNotifyWatchdog, now.Status)
		}
	}
}

// tell sends a state with a status; one that was told already is left out.
func (m *Manager) tell(state, status string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lines []string
	if state != "" {
		lines = append(lines, state)
	}
	// A status is one line.
	if status = strings.Join(strings.Fields(status), " "); status != m.status {
		m.status = status
		lines = append(lines, "STATUS="+status)
	}
	if len(lines) > 0 {
		m.send(strings.Join(lines, "\n"))
	}
}

func (m *Manager) send(text string) {
	if _, err := daemon.SdNotify(false, text); err != nil {
		m.log.Warn("systemd cannot be told how Gavel is", "error", err)
	}
}
