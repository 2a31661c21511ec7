package runbook

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

func remount(t *testing.T, dir, how string) {
	t.Helper()
	if out, err := exec.Command("mount", "-o", "remount,"+how, dir).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v %s", err, out)
	}
}

func ballast(t *testing.T, dir string) string {
	t.Helper()
	file := filepath.Join(dir, "ballast")
	f, err := os.Create(file)
	must(t, err)
	for piece := make([]byte, 64<<10); err == nil; {
		_, err = f.Write(piece)
	}
	_ = f.Close() // the disk is full, which is the point
	return file
}

func worksAgain(t *testing.T, p *testkit.Process) {
	t.Helper()
	testkit.Eventually(t, "events are taken again", func() bool {
		a, err := p.Post(testkit.Sample(t, event.TypeScheduled, "again"))
		return err == nil && a.Code == http.StatusOK && p.Ready()
	})
}

func diskFull(t *testing.T, e entry) {
	dir := testkit.SmallDisk(t, 8)
	p := testkit.Start(t, testkit.Serve{Database: "sqlite:" + filepath.Join(dir, "gavel.db")})
	file := ballast(t, dir)
	// What the log of SQLite has allocated already still takes some events.
	testkit.Eventually(t, "an event is refused", func() bool {
		a, err := p.Post(testkit.Sample(t, event.TypeScheduled, fmt.Sprintf("%p", new([64]byte))))
		return err == nil && a.Code == http.StatusServiceUnavailable
	})
	e.isSeen(t, of(t, p))
	must(t, os.Remove(file))
	worksAgain(t, p)
}

func diskReadOnly(t *testing.T, e entry) {
	dir := testkit.SmallDisk(t, 8)
	database := "sqlite:" + filepath.Join(dir, "gavel.db")
	p := testkit.Start(t, testkit.Serve{Database: database})
	p.Stop() // while files are open for writing, the kernel remounts nothing
	remount(t, dir, "ro")
	r := serveOnce(t, p, "--database", database)
	e.isSeen(t, sights{}.prints(r.Stderr))
	remount(t, dir, "rw")
	p.Restart()
	worksAgain(t, p)
}

func fileRemoved(t *testing.T, e entry) {
	dir := t.TempDir()
	file := filepath.Join(dir, "gavel.db")
	p := testkit.Start(t, testkit.Serve{Database: "sqlite:" + file})
	must(t, os.Rename(file, file+".aside"))
	e.isSeen(t, of(t, p))
	must(t, os.Rename(file+".aside", file))
	worksAgain(t, p)
}

func fileDamaged(t *testing.T, e entry) {
	dir := t.TempDir()
	file := filepath.Join(dir, "gavel.db")
	p := testkit.Start(t, testkit.Serve{Database: "sqlite:" + file})
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "before"))
	backup := filepath.Join(dir, "backup.db")
	if r := testkit.Gavel(t, "backup", backup, "--database", "sqlite:"+file); r.Code != 0 {
		t.Fatalf("backup: %s", r.Stderr)
	}
	p.Kill()
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt(make([]byte, 60<<10), 8<<10)
	must(t, err)
	must(t, f.Close())
	r := serveOnce(t, p, "--database", "sqlite:"+file)
	e.isSeen(t, sights{}.prints(r.Stderr))
	if r := testkit.Gavel(t, "restore", backup, "--database", "sqlite:"+file, "--force"); r.Code != 0 {
		t.Fatalf("restore: %d %s", r.Code, r.Stderr)
	}
	p.Restart()
	worksAgain(t, p)
}

func heldByAnother(t *testing.T, e entry) {
	p := testkit.Start(t, testkit.Serve{})
	r := serveOnce(t, p, "--database", p.Database)
	e.isSeen(t, sights{}.prints(r.Stderr))
}

// serveOnce starts gavel serve where it cannot start, with the rules of a process.
func serveOnce(t *testing.T, p *testkit.Process, args ...string) testkit.Result {
	t.Helper()
	r := testkit.Gavel(t, append([]string{
		"serve", "--rules", p.RulesFile, "--signing-secret", testkit.Secret, "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0", "--start-timeout", "0",
	}, args...)...)
	if r.Code == 0 {
		t.Errorf("gavel serve started, and ended well")
	}
	return r
}

func cannotArchive(t *testing.T, e entry) {
	dir := testkit.SmallDisk(t, 1)
	p := testkit.Start(t, testkit.Serve{})
	for i := range 20 {
		p.MustPost(testkit.Sample(t, event.TypeScheduled, fmt.Sprintf("old-%d", i)))
	}
	p.Stop()
	file := ballast(t, dir)
	archiving := testkit.Start(t, testkit.Serve{Database: p.Database, Args: []string{"--keep", "1ms", "--archive", dir}})
	e.isSeen(t, of(t, archiving))
	must(t, os.Remove(file))
}

func backupsFail(t *testing.T, e entry) {
	dir := testkit.SmallDisk(t, 1)
	file := ballast(t, dir)
	p := testkit.Start(t, testkit.Serve{Args: []string{"--backup-to", dir, "--backup-every", "1m"}})
	e.isSeen(t, of(t, p))
	must(t, os.Remove(file))
}
