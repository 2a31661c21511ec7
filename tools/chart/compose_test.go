package chart_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"
)

// TestCompose loads the Compose file with the library of Docker Compose, looks up
// the files that it names, and starts the program as its service says.
func TestCompose(t *testing.T) {
	t.Parallel()
	logrus.SetOutput(io.Discard)
	dir := prepared(t)
	project := compose(t, dir)
	for _, s := range project.Services {
		if s.HealthCheck == nil || s.Restart != "unless-stopped" {
			t.Errorf("%s has no health check, or is not restarted", s.Name)
		}
		for _, v := range s.Volumes {
			if v.Type != types.VolumeTypeBind {
				continue
			}
			if _, err := os.Stat(v.Source); err != nil {
				t.Errorf("%s mounts what is not there: %v", s.Name, err)
			}
		}
		for _, p := range s.Ports {
			if public := s.Name == "gavel" && p.Target == 8080; !public && p.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %d is open to other machines", s.Name, p.Target)
			}
		}
	}
	for name, secret := range project.Secrets {
		if content := read(t, secret.File); len(content) == 0 {
			t.Errorf("the secret %s is empty", name)
		}
	}
	gavelService := project.Services["gavel"]
	if got, want := gavelService.HealthCheck.Test[1:3], []string{"/gavel", "health"}; !slices.Equal(got, want) {
		t.Errorf("the health check is %v, want %v", got, want)
	}
	p := start(t, composed(t, project, gavelService))
	p.checkConsole(t)
	health := exec.CommandContext(t.Context(), gavel, append(gavelService.HealthCheck.Test[2:], "--console", p.console)...)
	health.Env = []string{}
	if out, err := health.CombinedOutput(); err != nil {
		t.Errorf("the health check fails: %v\n%s", err, out)
	}
}

// prepared is a copy of the folder with the secrets that its script makes.
func prepared(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{"deploy/compose", "docs"} {
		if err := os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join(root, folder))); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "signing-secret.txt"), someSecret+"\n")
	for range 2 { // the second time changes nothing
		prepare := exec.CommandContext(t.Context(), "sh", "deploy/compose/prepare", "signing-secret.txt")
		prepare.Dir = dir
		if out, err := prepare.CombinedOutput(); err != nil {
			t.Fatalf("prepare: %v\n%s", err, out)
		}
	}
	dir = filepath.Join(dir, "deploy/compose")
	if got := string(read(t, dir+"/secrets/signing-secret")); got != someSecret+"\n" {
		t.Errorf("the signing secret is %q", got)
	}
	url, password := string(read(t, dir+"/secrets/database-url")), string(read(t, dir+"/secrets/postgres-password"))
	if len(password) < 32 || url != "postgres://gavel:"+password+"@postgres/gavel" {
		t.Errorf("the database URL is %s", url)
	}
	if info, err := os.Stat(dir + "/secrets"); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("others can read the secrets: %v %v", info.Mode(), err)
	}
	return dir
}

func compose(t *testing.T, dir string) *types.Project {
	t.Helper()
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  dir,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(dir, "compose.yaml")}},
		Environment: map[string]string{},
	})
	if err != nil {
		t.Fatalf("compose.yaml: %v", err)
	}
	return project
}

// composed maps a service to files of this machine.
func composed(t *testing.T, project *types.Project, s types.ServiceConfig) container {
	t.Helper()
	c := container{env: append([]string{"GAVEL_START_TIMEOUT=5s"}, imageEnvironment(t)...), args: slices.Clone(s.Command)}
	var places []string
	for _, v := range s.Volumes {
		places = append(places, v.Target, v.Source)
	}
	for _, secret := range s.Secrets {
		places = append(places, "/run/secrets/"+secret.Source, project.Secrets[secret.Source].File)
	}
	mapped := strings.NewReplacer(places...)
	for name, value := range s.Environment {
		c.env = append(c.env, name+"="+mapped.Replace(*value))
	}
	// The real database is tried elsewhere; this is about flags and files.
	write(t, project.Secrets["database-url"].File, "sqlite:"+filepath.Join(t.TempDir(), "gavel.db"))
	return c
}

// TestPrometheusOfCompose holds its configuration to Prometheus's own check.
func TestPrometheusOfCompose(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "token"), someToken)
	write(t, filepath.Join(dir, "alerts.yaml"), string(read(t, root+"/docs/alerts.yaml")))
	text := string(read(t, composeDir+"/prometheus.yaml"))
	write(t, filepath.Join(dir, "prometheus.yaml"), strings.Replace(text, "/run/secrets/console-token", filepath.Join(dir, "token"), 1))
	promtool(t, "check", "config", filepath.Join(dir, "prometheus.yaml"))
}
