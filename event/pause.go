package event

import (
	"fmt"
	"strings"
	"time"
)

// PauseKey says what is paused: all runs, those of a rule, or the calls over a
// connection. It is "all", "rule/NAME" or "connection/NAME".
type PauseKey string

// PauseAll is the key of the pause of everything that goes out.
const PauseAll PauseKey = "all"

const (
	rulePrefix       = "rule/"
	connectionPrefix = "connection/"
)

// PauseRule returns the key of the pause of a rule.
func PauseRule(name string) PauseKey { return PauseKey(rulePrefix + name) }

// PauseConnection returns the key of the pause of a connection.
func PauseConnection(name string) PauseKey { return PauseKey(connectionPrefix + name) }

// Rule returns the name of the paused rule, or "".
func (k PauseKey) Rule() string { return k.behind(rulePrefix) }

// Connection returns the name of the paused connection, or "".
func (k PauseKey) Connection() string { return k.behind(connectionPrefix) }

func (k PauseKey) behind(prefix string) string {
	name, found := strings.CutPrefix(string(k), prefix)
	if !found {
		return ""
	}
	return name
}

// Title names what is paused, to begin a sentence or a line: "rule later",
// "connection crm", "everything".
func (k PauseKey) Title() string {
	if k == PauseAll {
		return "everything"
	}
	kind, name, _ := strings.Cut(string(k), "/")
	return kind + " " + name
}

// Pause holds runs before they send. It ends by itself at Until, or when it is
// resumed.
type Pause struct {
	Key   PauseKey  `json:"key"`
	Since time.Time `json:"since"`
	// Until is when it ends by itself; zero if somebody has to resume it.
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason,omitempty"` // as somebody typed it
	By     string    `json:"by"`               // who, and where: "in the console from 127.0.0.1"
}

// String says in words what is paused, by whom, until when and why.
func (p *Pause) String() string {
	text := fmt.Sprintf("%s is paused (%s)", p.Key.Title(), p.By)
	if !p.Until.IsZero() {
		text += " until " + TimeText(p.Until)
	}
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text
}

// SetAside counts the runs that a pause holds: they were due, and are claimed
// again after it.
type SetAside struct {
	Key  PauseKey `json:"key"`
	Runs int64    `json:"runs"`
	// Past is how many of them are skipped then, because their time has passed
	// and their wait has if_past: skip.
	Past int64 `json:"past"`
}
