// Command release makes everything that a release of Gavel consists of, without
// a container engine, and the same bytes each time:
//
//	go run -C tools/release . [FLAGS]            into dist/, as "make release" does
//	go run -C tools/release . push [FLAGS] TAR   the image, to a registry
//
// See docs/install.md for what there is, and docs/decisions/0023-release.md for why.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && args[0] == "push" {
		return push(ctx, args[1:], out)
	}
	r, err := parse(ctx, args, out)
	if err != nil {
		return err
	}
	defer os.RemoveAll(r.work)
	return r.make(ctx)
}

// parts are what can be made, in the order in which they are.
var parts = []string{"archives", "deb", "rpm", "apk", "sbom", "image"}

// release is one release in the making.
type release struct {
	root, out, work string // the tree, what is delivered, what is not
	version         version
	commit          string
	date            time.Time // of every file in it
	targets         []target
	only            []string
	program         string // used instead of what would be compiled
	draft           bool
	key             *key // nil: unsigned
	log             io.Writer

	programs map[target]string
	papers   papers
}

func parse(ctx context.Context, args []string, out io.Writer) (*release, error) {
	r := &release{log: out, programs: map[target]string{}}
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	root := flags.String("root", "", "folder of the source tree (default: that of this tool)")
	to := flags.String("out", "dist", "folder for what is made, in the tree; it is emptied first")
	number := flags.String("version", "", "version, such as 1.2.3 (default: from git describe)")
	targets := flags.String("targets", strings.Join(allTargets, ","), "systems to build for, comma-separated")
	only := flags.String("only", strings.Join(parts, ","), "what to make, comma-separated")
	keyFile := flags.String("key", os.Getenv("COSIGN_KEY"), "file with the ECDSA P-256 private key (PEM) to sign with; also COSIGN_KEY")
	flags.StringVar(&r.program, "program", "", "use this program for every system instead of compiling, for tests")
	flags.BoolVar(&r.draft, "draft", false, "for tests: share what go build has compiled, with the paths of this machine, and do not compress packages")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	var err error
	if r.root, err = rootOf(*root); err != nil {
		return nil, err
	}
	r.out = inTree(r.root, *to)
	if r.program != "" {
		r.program = inTree(r.root, r.program)
	}
	if r.targets, err = parseTargets(*targets); err != nil {
		return nil, err
	}
	for part := range strings.SplitSeq(*only, ",") {
		if !slices.Contains(parts, part) {
			return nil, fmt.Errorf("--only: %q is not one of %s", part, strings.Join(parts, ", "))
		}
		r.only = append(r.only, part)
	}
	if *keyFile != "" {
		if r.key, err = readKey(inTree(r.root, *keyFile)); err != nil {
			return nil, fmt.Errorf("--key: %w", err)
		}
	}
	if err := r.readSource(ctx, *number); err != nil {
		return nil, err
	}
	r.work, err = os.MkdirTemp("", "gavel-release.")
	return r, err
}

// rootOf returns the source tree: that which is named, or two folders above the
// module of this tool.
func rootOf(named string) (string, error) {
	if named == "" {
		named = filepath.Join("..", "..")
	}
	root, err := filepath.Abs(named)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(root, "cmd", "gavel", "main.go")); err != nil {
		return "", fmt.Errorf("%s is not the source tree of Gavel; name it with --root, or use: make release", root)
	}
	return root, nil
}

// inTree returns where a relative name is meant: "go run -C" has left the
// folder of the person who typed it.
func inTree(root, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(root, name)
}

// readSource reads version, commit and date from git, where they are not given.
func (r *release) readSource(ctx context.Context, number string) error {
	if number == "" {
		described, err := r.output(ctx, "git", "describe", "--tags", "--always", "--dirty")
		if err != nil {
			return fmt.Errorf("no version: %w; give --version", err)
		}
		number = described
	}
	var err error
	if r.version, err = parseVersion(number); err != nil {
		return err
	}
	if commit, err := r.output(ctx, "git", "rev-parse", "HEAD"); err == nil {
		r.commit = commit
	}
	seconds := os.Getenv("SOURCE_DATE_EPOCH")
	if seconds == "" {
		if seconds, err = r.output(ctx, "git", "log", "-1", "--format=%ct"); err != nil {
			return fmt.Errorf("no date: %w; set SOURCE_DATE_EPOCH", err)
		}
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH: %q is not a number of seconds", seconds)
	}
	r.date = time.Unix(n, 0).UTC()
	return nil
}

// output returns what a program prints, run in the tree.
func (r *release) output(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = r.root
	var failed strings.Builder
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(append([]string{name}, args...), " "), err, strings.TrimSpace(failed.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

func (r *release) wants(part string) bool { return slices.Contains(r.only, part) }

// make carries out all steps.
func (r *release) make(ctx context.Context) error {
	if err := r.emptyOut(); err != nil {
		return err
	}
	steps := []struct {
		name string
		when bool
		do   func(context.Context) error
	}{
		{"programs", true, r.compile},
		{"man pages, completions, licenses", true, r.write},
		{"archives", r.wants("archives"), r.archives},
		{"packages", r.wants("deb") || r.wants("rpm") || r.wants("apk"), r.packages},
		{"bill of materials", r.wants("sbom"), r.bill},
		{"image", r.wants("image"), r.image},
		{"provenance, checksums, signature", true, r.seal},
	}
	for _, step := range steps {
		if !step.when {
			continue
		}
		began := time.Now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Fprintf(r.log, "%s: %.1f s\n", step.name, time.Since(began).Seconds())
	}
	return r.list()
}

// emptyOut removes what an earlier release left. It refuses a folder that has
// something else in it.
func (r *release) emptyOut() error {
	entries, err := os.ReadDir(r.out)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if e.IsDir() || !delivered(e.Name()) {
			return fmt.Errorf("%s: %q is not of a release; name another folder with --out", r.out, e.Name())
		}
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(r.out, e.Name())); err != nil {
			return err
		}
	}
	return os.MkdirAll(r.out, 0o755)
}

func delivered(name string) bool {
	return strings.HasPrefix(name, "gavel") || strings.HasPrefix(name, "checksums.txt") || name == publicKeyFile
}

// list prints what was made and how large it is.
func (r *release) list() error {
	entries, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(r.log, "%8.2f MB  %s\n", float64(info.Size())/1e6, filepath.Join(r.out, e.Name()))
	}
	return nil
}
