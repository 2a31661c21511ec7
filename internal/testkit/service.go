package testkit

import (
	"os"
	"os/exec"
	"testing"
)

// Mail is the mail server that scripts/with-services runs. Everything that it
// accepts lies in Maildir; it refuses reject@… permanently and defer@… for now.
type Mail struct {
	Address        string // host:port
	User, Password string
	Maildir        string
	CA             string // PEM file with the server's certificate
}

// Postgres returns the URL of a PostgreSQL that tests may create databases in.
func Postgres(t testing.TB) string {
	t.Helper()
	return service(t, "GAVEL_TEST_POSTGRES")
}

// MailServer returns the mail server for tests.
func MailServer(t testing.TB) Mail {
	t.Helper()
	return Mail{
		Address:  service(t, "GAVEL_TEST_SMTP"),
		User:     service(t, "GAVEL_TEST_SMTP_USER"),
		Password: service(t, "GAVEL_TEST_SMTP_PASSWORD"),
		Maildir:  service(t, "GAVEL_TEST_SMTP_MAILDIR"),
		CA:       service(t, "GAVEL_TEST_SMTP_CA"),
	}
}

// service reads one variable of scripts/with-services.
func service(t testing.TB, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		Lack(t, "%s is not set; run the tests with scripts/test or scripts/with-services", variable)
	}
	return value
}

// Chromium returns the path of a browser.
func Chromium(t testing.TB) string {
	t.Helper()
	return program(t, "apt-get install chromium", "chromium", "chromium-browser", "google-chrome")
}

// Promtool returns the path of what checks metrics and alerts.
func Promtool(t testing.TB) string {
	t.Helper()
	return program(t, "apt-get install prometheus", "promtool")
}

// Strace returns the path of what records the system calls of a program.
func Strace(t testing.TB) string {
	t.Helper()
	return program(t, "apt-get install strace", "strace")
}

// SystemdAnalyze returns the path of what checks units of systemd.
func SystemdAnalyze(t testing.TB) string {
	t.Helper()
	return program(t, "apt-get install systemd", "systemd-analyze")
}

// Nginx returns the path of the web server nginx.
func Nginx(t testing.TB) string {
	t.Helper()
	return program(t, "apt-get install nginx-light", "nginx", "/usr/sbin/nginx")
}

// Caddy returns the path of the web server Caddy.
func Caddy(t testing.TB) string {
	t.Helper()
	return program(t, "apt-get install caddy", "caddy")
}

func program(t testing.TB, install string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Lack(t, "there is no %s; install it (%s) or run the tests with scripts/test", names[0], install)
	return ""
}

// Lack ends a test that cannot run here, and says what to do. In CI, where all
// is there, that is a failure.
func Lack(t testing.TB, format string, args ...any) {
	t.Helper()
	if ci := os.Getenv("CI"); ci != "" && ci != "false" {
		t.Fatalf(format, args...)
	}
	t.Skipf("!!! NOT TESTED: "+format, args...)
}
