package main

// What the project wants. A figure that a case hands to report.aim with one of
// these is printed beside it, as met or missed.
const (
	intakeSpeed  atLeast = 0.45 // accepted/s, to the bare handler's
	intakeCPU    atMost  = 2.5  // to the bare handler's, until the search index has caught up
	intakeP99    atMost  = 2.5  // of the answer in the closed loop, to the bare handler's
	intakeSteady atMost  = 4    // ms, p99 of the answer at steadyRate
	intakePeak   atMost  = 80   // MB
	intakeIdle   atMost  = 32   // MB, of a stripped binary
	intakeReady  atMost  = 100  // ms from the start until it takes events

	fullCPU atMost = 1.3 // with events and runs stored, to an empty database

	backupSpeed atLeast = 0.3 // accepted/s while backups are made, to without: one of two cores copies

	tailsSpeed atLeast = 0.95 // accepted/s with live tails, to without

	postgresSpeed atLeast = 0.28 // accepted/s of one process, to the bare handler's
	postgresThree atLeast = 1    // accepted/s of three processes on one machine, to one
	postgresCPU   atMost  = 5.4  // of Gavel and the server, to the bare handler's: 350 ms for 65

	waitingClaim  atMost = 1.5 // with all that wait, to few
	waitingMemory atMost = 100 // MB, of gavel serve with all that wait

	latencyAction atMost = 20 // ms from the answer to the sink, p99

	listsRatio atMost = 20  // slowest p99, to the point read's
	listsP99   atMost = 100 // ms
	pagesP99   atMost = 300 // ms

	exportSpeed atLeast = 100_000 // events/s

	matchMany     atMost  = 1.5    // time of the most rules, to the fewest
	loadPerRule   atMost  = 60     // µs
	backtestSpeed atLeast = 50_000 // events/s
)

// bound is what a figure should be.
type bound interface {
	met(value float64) bool
	words() (text string, wanted float64)
}

type (
	atLeast float64
	atMost  float64
)

func (b atLeast) met(v float64) bool       { return v >= float64(b) }
func (b atLeast) words() (string, float64) { return "at least", float64(b) }
func (b atMost) met(v float64) bool        { return v <= float64(b) }
func (b atMost) words() (string, float64)  { return "at most", float64(b) }

// aim is a figure with what the project wants it to be.
type aim struct {
	Of    string  `json:"of"`
	Value float64 `json:"value"`
	Bound string  `json:"bound"` // "at least" or "at most"
	Aim   float64 `json:"aim"`
	Met   bool    `json:"met"`
}

func (r *report) aim(of string, value float64, wanted bound) {
	text, limit := wanted.words()
	r.Aims = append(r.Aims, aim{of, value, text, limit, wanted.met(value)})
}

// verdict words how the figure stands to the aim.
func (a aim) verdict() string {
	met := "missed"
	if a.Met {
		met = "met"
	}
	return a.Bound + " " + number(a.Aim) + ", " + met
}
