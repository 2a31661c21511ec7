package ship

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// patience is far above what is normal.
const patience = 10 * time.Minute

// needed are the programs that make and start a machine.
var needed = []string{"mmdebstrap", "openssl", "systemd-nspawn"}

// TestShip makes two releases, and everything in testdata/steps.sh with them.
func TestShip(t *testing.T) {
	if missing := missing(); missing != "" {
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dir, machine := t.TempDir(), filepath.Join(t.TempDir(), "root")
	// A container must not reach what is outside of these folders by a link.
	installed := make(chan error, 1)
	go func() { installed <- command(ctx, "../..", "scripts/debian-root", machine) }()
	release(ctx, t, "1.0.0", filepath.Join(dir, "old.deb"))
	release(ctx, t, "1.0.1", filepath.Join(dir, "new.deb"))
	if err := <-installed; err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"steps.sh", "sink.sh"} {
		link(t, filepath.Join("testdata", name), filepath.Join(dir, name))
	}
	for _, name := range []string{"ship.service", "sink.socket", "sink@.service"} {
		link(t, filepath.Join("testdata", name), filepath.Join(machine, "etc/systemd/system", name))
	}
	enable(t, machine, "multi-user.target.wants/ship.service")
	args := append(postgres(t, dir), "--bind="+dir+":/ship", "--directory="+machine)
	err := boot(ctx, args)
	log, readErr := os.ReadFile(filepath.Join(dir, "log"))
	if readErr != nil {
		t.Fatal(errors.Join(err, readErr))
	}
	if err != nil || !bytes.Contains(log, []byte("  done\n")) {
		t.Fatalf("%v\n%s", err, log)
	}
	for line := range strings.Lines(string(log)) {
		if _, step, ok := strings.Cut(line, " s  "); ok && len(step) < 40 {
			t.Log(strings.TrimSpace(line))
		}
	}
}

// missing says what keeps the test from running here; empty if nothing does.
func missing() string {
	if os.Geteuid() != 0 {
		return "a container needs root"
	}
	for _, program := range needed {
		if _, err := exec.LookPath(program); err != nil {
			return program + " is not installed; scripts/test installs it"
		}
	}
	return ""
}

// command runs a program and returns its output with the error.
func command(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errors.Join(err, errors.New(string(out)))
	}
	return nil
}

// release makes a signed release with one package, checks its signature as
// docs/install.md says, and moves the package.
func release(ctx context.Context, t *testing.T, version, deb string) {
	t.Helper()
	dist := filepath.Join(t.TempDir(), "dist")
	key := filepath.Join(t.TempDir(), "key.pem")
	run := func(dir, name string, args ...string) {
		t.Helper()
		if err := command(ctx, dir, name, args...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	run(".", "openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
	// A draft shares what other tests have compiled.
	run("../../tools/release", "go", "run", ".", "--draft", "--targets", "linux/"+runtime.GOARCH, "--only", "deb", "--version", version, "--key", key, "--out", dist)
	run(dist, "sh", "-c", "base64 -d checksums.txt.sig >checksums.sig && openssl dgst -sha256 -verify cosign.pub -signature checksums.sig checksums.txt && sha256sum --check --ignore-missing checksums.txt")
	link(t, filepath.Join(dist, "gavel_"+version+"-1_"+runtime.GOARCH+".deb"), deb)
}

// link copies a file.
func link(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func enable(t *testing.T, machine, name string) {
	t.Helper()
	to := filepath.Join(machine, "etc/systemd/system", name)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/systemd/system/"+filepath.Base(name), to); err != nil {
		t.Fatal(err)
	}
}

// postgres offers the test's server to the machine by its socket, because the
// machine has a network of its own.
func postgres(t *testing.T, dir string) []string {
	t.Helper()
	sockets := os.Getenv("GAVEL_TEST_POSTGRES_SOCKETS")
	if sockets == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("GAVEL_TEST_POSTGRES_SOCKETS is not set; use scripts/with-services")
		}
		t.Log("no PostgreSQL: without the copy to it; see scripts/with-services")
		return nil
	}
	u, err := url.Parse(testkit.NewDatabase(t))
	if err != nil {
		t.Fatal(err)
	}
	inside := "postgres://gavel@" + u.Path + "?host=/run/postgres-of-the-test&port=" + u.Port()
	if err := os.WriteFile(filepath.Join(dir, "variables"), []byte("SHIP_POSTGRES="+inside+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--bind=" + sockets + ":/run/postgres-of-the-test"}
}

// boot runs the machine until its steps are done. They end it with their own
// exit code.
func boot(ctx context.Context, args []string) error {
	args = append([]string{"--quiet", "--register=no", "--keep-unit", "--private-network", "--hostname=shipyard", "--console=pipe", "--boot"}, args...)
	return command(ctx, ".", "systemd-nspawn", args...)
}
