package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// longTest is from when a test's subtests are run separately.
	longTest = time.Second
	patience = 30 * time.Second
)

// suite is the compiled tests of one package.
type suite struct {
	binary, dir string
}

// test is one test of a suite, or a part of one.
type test struct {
	suite
	name string // as -test.run takes it
	took time.Duration
}

func build(patterns []string) ([]suite, error) {
	listed, err := goTool(append([]string{"list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	bin, err := filepath.Abs("mutants.bin")
	if err != nil {
		return nil, err
	}
	var out []suite
	for i, dir := range strings.Fields(listed) {
		s := suite{binary: filepath.Join(bin, strconv.Itoa(i)+".test"), dir: dir}
		if _, err := goTool("test", "-c", "-vet=off", "-o", s.binary, dir); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// turn enables one change, or none with 0, and sets the file in which reached
// changes are recorded.
func turn(id int, note string) error {
	return os.WriteFile(switchName, fmt.Appendln(nil, id, note), 0o600)
}

func (s suite) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.binary, args...)
	cmd.Dir = s.dir
	cmd.WaitDelay = time.Second
	return cmd
}

// reach returns the tests that reach each change. Every test runs alone.
func reach(suites []suite) (map[int][]test, error) {
	reached := map[int][]test{}
	for _, s := range suites {
		if err := turn(0, ""); err != nil {
			return nil, err
		}
		out, err := s.command(context.Background(), "-test.list=^(Test|Fuzz|Example)").Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.dir, err)
		}
		for _, name := range strings.Fields(string(out)) {
			if err := s.look("^"+name+"$", true, reached); err != nil {
				return nil, err
			}
		}
	}
	for _, tests := range reached {
		slices.SortStableFunc(tests, func(a, b test) int { return cmp.Compare(a.took, b.took) })
	}
	return reached, nil
}

var started = regexp.MustCompile(`(?m)^=== RUN +([^/\s]+)/([^/\s]+)$`)

func (s suite) look(name string, whole bool, reached map[int][]test) error {
	note := s.binary + ".reached"
	defer os.Remove(note) //nolint:errcheck // the next test creates it again
	began := time.Now()
	if err := turn(0, note); err != nil {
		return err
	}
	out, err := s.command(context.Background(), "-test.run="+name, "-test.v", "-test.timeout=5m").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s fails without any change:\n%s", name, out)
	}
	took := time.Since(began)
	parts := started.FindAllSubmatch(out, -1)
	if whole && took > longTest && len(parts) > 1 {
		_ = os.Remove(note)
		for _, p := range parts {
			if err := s.look(fmt.Sprintf("^%s$/^%s$", p[1], regexp.QuoteMeta(string(p[2]))), false, reached); err != nil {
				return err
			}
		}
		return nil
	}
	f, err := os.Open(note)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	seen := map[int]bool{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		id, err := strconv.Atoi(lines.Text())
		if err != nil || seen[id] {
			continue
		}
		seen[id] = true
		reached[id] = append(reached[id], test{s, name, took})
	}
	return nil
}

// notices runs the tests that reach a change, quick ones first, and reports
// whether one fails. A test that takes much longer than without the change
// counts as failed.
func notices(ctx context.Context, tests []test) bool {
	var quick []test
	var spent time.Duration
	for len(tests) > 0 {
		t := tests[0]
		if spent += t.took; spent > longTest && len(quick) > 0 {
			break
		}
		quick, tests = append(quick, t), tests[1:]
	}
	return fails(ctx, quick) || (len(tests) > 0 && fails(ctx, tests))
}

func fails(ctx context.Context, tests []test) bool {
	for i, t := range tests {
		names := []string{t.name}
		if !strings.Contains(t.name, "/") {
			names = nil
			for _, other := range tests {
				if other.suite == t.suite && !strings.Contains(other.name, "/") {
					names = append(names, other.name)
				}
			}
			if slices.ContainsFunc(tests[:i], func(o test) bool { return o.suite == t.suite && !strings.Contains(o.name, "/") }) {
				continue // ran with the first of them
			}
		}
		var took time.Duration
		for _, o := range tests {
			if o.suite == t.suite {
				took += o.took
			}
		}
		limit := patience + 5*took
		within, cancel := context.WithTimeout(ctx, limit)
		err := t.command(within, "-test.run="+strings.Join(names, "|"), "-test.failfast", "-test.timeout="+limit.String()).Run()
		cancel()
		if err != nil {
			return true
		}
	}
	return false
}
