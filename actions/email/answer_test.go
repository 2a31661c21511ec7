package email

import (
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// deaf is a connection that only notes until when it would be read.
type deaf struct {
	net.Conn
	until time.Time
}

func (d *deaf) Write(p []byte) (int, error)       { return len(p), nil }
func (d *deaf) Read([]byte) (int, error)          { return 1, nil }
func (d *deaf) SetWriteDeadline(time.Time) error  { return nil }
func (d *deaf) SetReadDeadline(t time.Time) error { d.until = t; return nil }

// TestTimeOfAnAnswer holds the times of RFC 5321, 4.5.3.2, which are too long
// for a server of this machine.
func TestTimeOfAnAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		check := func(limit, expected, want time.Duration) {
			t.Helper()
			c := &deaf{}
			l := &line{Conn: c, limit: limit}
			l.expect(expected)
			time.Sleep(time.Minute) // the mail is being written
			_, _ = l.Write([]byte("."))
			sent := time.Now()
			for range 3 { // pieces of one answer do not prolong it
				time.Sleep(time.Second)
				_, _ = l.Read(make([]byte, 10))
			}
			if got := c.until.Sub(sent); got != want {
				t.Errorf("timeout %s: the answer may take %s, want %s", limit, got, want)
			}
		}
		check(0, forEndOfData, 10*time.Minute)
		check(0, forCommand, 5*time.Minute)
		check(0, forData, 2*time.Minute)
		check(30*time.Second, forEndOfData, 30*time.Second)
		check(time.Hour, forCommand, time.Hour)
		check(time.Hour, forGoodbye, 5*time.Second)
	})
}
