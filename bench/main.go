// Command bench measures Gavel against the least that any receiver must do,
// in one sitting on one machine: run it with "make bench".
//
// Every case is one file (case_*.go). A case runs its contenders in turn,
// round by round, so that what disturbs the machine disturbs all of them, and
// reports medians. Each contender is a process of its own, started afresh for
// each round; load and the place where actions go live in this process.
//
//	load ──signed events──► contender ──actions──► sink
//	 └────────────────── this process ──────────────┘
//
// PostgreSQL comes from the environment, as scripts/with-services sets it. What
// the figures mean is in docs/benchmarks.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gavel-rules/gavel/bench/tails"
	"github.com/gavel-rules/gavel/bench/yardstick"
)

// options are the same for every case.
type options struct {
	cases       []string
	rounds      int
	events      int           // per round
	connections int           // each has one request under way
	limit       time.Duration // per round, for the load; events is the most it sends
	patience    time.Duration // for actions that are still to come after the load
	waiting     int           // runs that wait, in the case of that name
	claims      int           // per store, in that case
	singles     int           // single events, in case latency
	steady      time.Duration // per round, for the load at a steady rate
	stored      int           // events, and runs, in cases full and lists
	looks       int           // at each list, in that case
	benchTime   time.Duration // per benchmark, in case match
	quick       bool
	gavel       string // path of the binary; empty means: build it
	output      string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	// Started again by itself, the program is a contender, or reads live tails.
	if again, err := runRole(ctx, args, out); again {
		if err != nil {
			fmt.Fprintln(errOut, "bench:", err)
			return 1
		}
		return 0
	}
	o, err := parseOptions(args, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	if err := measure(ctx, o, out, errOut); err != nil {
		fmt.Fprintln(errOut, "bench:", err)
		return 1
	}
	return 0
}

func runRole(ctx context.Context, args []string, out io.Writer) (again bool, err error) {
	switch {
	case yardstick.Is(args):
		o, err := yardstick.Parse(args, os.Getenv(yardstick.SecretVariable))
		if err != nil {
			return true, err
		}
		return true, yardstick.Serve(ctx, o)
	case len(args) == 3 && args[0] == tails.Role:
		return true, tails.Serve(ctx, args[1], args[2], out)
	}
	return false, nil
}

func parseOptions(args []string, errOut io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.IntVar(&o.rounds, "rounds", 3, "rounds per contender")
	flags.IntVar(&o.events, "events", 20000, "events per round")
	flags.IntVar(&o.connections, "connections", 32, "connections, each with one request under way")
	flags.DurationVar(&o.limit, "limit", 10*time.Second, "time after which a round sends no more, even if events are left")
	flags.DurationVar(&o.patience, "patience", 60*time.Second, "longest time to wait for the last action of a round")
	flags.IntVar(&o.waiting, "waiting", 1_000_000, "runs that wait, in case waiting")
	flags.IntVar(&o.claims, "claims", 300, "claims per store, in case waiting")
	flags.IntVar(&o.singles, "singles", 500, "single events per contender, in case latency")
	flags.IntVar(&o.stored, "stored", 1_000_000, "events, and as many runs, that are stored, in cases full and lists")
	flags.DurationVar(&o.steady, "steady", 5*time.Second, "time per round at a steady rate, in case intake")
	flags.IntVar(&o.looks, "looks", 100, "looks at each list, in case lists")
	flags.DurationVar(&o.benchTime, "benchtime", time.Second, "time per rule set, in case match")
	flags.BoolVar(&o.quick, "quick", false, "see that every case works, with loads too small for figures")
	flags.StringVar(&o.gavel, "gavel", "", "path of the gavel binary (default: built from this source)")
	flags.StringVar(&o.output, "output", "table", "table or json")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.cases = flags.Args()
	if o.quick {
		o.hurry()
	}
	if err := o.check(); err != nil {
		fmt.Fprintln(errOut, "bench:", err)
		return o, err
	}
	return o, nil
}

// hurry makes all loads tiny.
func (o *options) hurry() {
	o.rounds, o.events, o.connections = 1, 200, 8
	o.waiting, o.claims, o.singles, o.benchTime = 1000, 10, 10, time.Millisecond
	o.stored, o.looks, o.steady = 1000, 1, 100*time.Millisecond
}

func (o options) check() error {
	if o.output != "table" && o.output != "json" {
		return fmt.Errorf("--output must be table or json, not %q", o.output)
	}
	if min(o.rounds, o.events, o.connections, o.waiting, o.claims, o.singles, o.stored, o.looks) < 1 {
		return errors.New("--rounds, --events, --connections, --waiting, --claims, --singles, --stored and --looks must be at least 1")
	}
	return nil
}

// benchCase is one question that the program answers.
type benchCase struct {
	name string
	run  func(context.Context, *bench) ([]*report, error)
}

func cases() []benchCase {
	return []benchCase{
		{"intake", runIntake}, {"full", runFull}, {"tails", runTails}, {"postgres", runPostgres}, {"waiting", runWaiting}, {"lists", runLists}, {"latency", runLatency}, {"match", runMatch},
	}
}

func measure(ctx context.Context, o options, out, errOut io.Writer) error {
	b, err := newBench(ctx, o, errOut)
	if err != nil {
		return err
	}
	defer b.close()
	chosen, err := chooseCases(o.cases)
	if err != nil {
		return err
	}
	var reports []*report
	for _, c := range chosen {
		r, err := c.run(ctx, b)
		if errors.Is(err, errNoServer) && len(o.cases) == 0 {
			// Who asks for everything gets what there is, and is told.
			left := newReport(c.name, "left out")
			left.note(err.Error())
			r, err = []*report{left}, nil
		}
		if err != nil {
			// What the cases before have shown took minutes and is worth keeping.
			return errors.Join(fmt.Errorf("case %s: %w", c.name, err), write(o, out, reports))
		}
		reports = append(reports, r...)
	}
	return write(o, out, reports)
}

func write(o options, out io.Writer, reports []*report) error {
	if o.output == "json" {
		return writeJSON(out, reports)
	}
	return writeTables(out, reports)
}

func chooseCases(names []string) ([]benchCase, error) {
	if len(names) == 0 {
		return cases(), nil
	}
	var chosen []benchCase
	for _, name := range names {
		found := false
		for _, c := range cases() {
			if c.name == name {
				chosen, found = append(chosen, c), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no case %q", name)
		}
	}
	return chosen, nil
}
