package testkit

import (
	"os"
	"testing"
)

// Mail is the mail server that scripts/with-services runs. Everything that it
// accepts lies in Maildir; it refuses reject@… for good and defer@… for now.
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

// service reads one variable of scripts/with-services. Without it the test
// cannot run: that is a failure in CI and said aloud elsewhere.
func service(t testing.TB, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		const reason = "%s is not set; run the tests with scripts/test or scripts/with-services"
		if os.Getenv("CI") == "true" {
			t.Fatalf(reason, variable)
		}
		t.Skipf(reason, variable)
	}
	return value
}
