// Command mutants is a mutation tester: it makes small changes to the Go code of
// some packages and prints those that no test notices. All changes are compiled
// in at once, each behind a switch, so that only one build is needed. It rewrites
// the tree it runs in; scripts/mutants gives it a copy.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	var o options
	flag.DurationVar(&o.limit, "for", 10*time.Minute, "how long to try changes")
	flag.Uint64Var(&o.seed, "seed", 1, "the order in which changes are tried")
	flag.StringVar(&o.known, "known", "tools/mutants/known.txt", "file with changes that no test needs to notice, and why")
	flag.StringVar(&o.tests, "tests", "", "packages whose tests to run, separated by spaces; default: the changed packages")
	flag.Parse()
	o.rooms = flag.Args()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

type options struct {
	limit time.Duration
	seed  uint64
	known string
	tests string
	rooms []string // folders of packages
}

func run(o options) error {
	if len(o.rooms) == 0 {
		return fmt.Errorf("no package given; name one, such as rules/text")
	}
	known, err := readKnown(o.known)
	if err != nil {
		return err
	}
	changes, err := instrument(o.rooms)
	if err != nil {
		return err
	}
	suites, err := build(packages(o))
	if err != nil {
		return err
	}
	fmt.Printf("%d changes, %d test binaries\n", len(changes), len(suites))
	reached, err := reach(suites)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(o.seed, 0))
	random.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
	ctx, cancel := context.WithTimeout(context.Background(), o.limit)
	defer cancel()
	return try(ctx, changes, reached, known)
}

// try makes the changes in turn until time is up, and prints what no test
// notices.
func try(ctx context.Context, changes []change, reached map[int][]test, known map[string]bool) error {
	tried, unreached, left, explained := 0, 0, 0, 0
	for _, c := range changes {
		if ctx.Err() != nil {
			break
		}
		if known[c.key()] {
			explained++
			continue
		}
		if len(reached[c.id]) == 0 {
			unreached++
			fmt.Printf("not reached  %s  line %d\n", c.key(), c.line)
			continue
		}
		if err := turn(c.id, ""); err != nil {
			return err
		}
		noticed := notices(ctx, reached[c.id])
		if ctx.Err() != nil {
			break
		}
		tried++
		if !noticed {
			left++
			fmt.Printf("not noticed  %s  line %d\n", c.key(), c.line)
		}
	}
	total := tried + unreached
	fmt.Printf("%d of %d changes checked: %d noticed, %d not noticed, %d in code that no test reaches, %d explained\n",
		total+explained, len(changes), tried-left, left, unreached, explained)
	return nil
}

func packages(o options) []string {
	if o.tests != "" {
		return strings.Fields(o.tests)
	}
	out := make([]string, len(o.rooms))
	for i, room := range o.rooms {
		out[i] = "./" + filepath.Clean(room)
	}
	return out
}

// readKnown reads the explained changes: one per line, with the reason after
// " — ".
func readKnown(path string) (map[string]bool, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		key, reason, ok := strings.Cut(strings.TrimSpace(line), " — ")
		if key == "" || strings.HasPrefix(key, "#") {
			continue
		}
		if !ok || reason == "" {
			return nil, fmt.Errorf("%s: no reason given for %q", path, key)
		}
		known[key] = true
	}
	return known, nil
}

func goTool(args ...string) (string, error) {
	out, err := exec.Command("go", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}
