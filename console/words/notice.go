package words

import (
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/watchdog"
)

// Notice is a problem or a warning: a text, which may continue with a time and
// a rest, and a link to more about it.
type Notice struct {
	Bad        bool // a problem rather than a warning
	Unwell     bool // a warning of something that does not work now
	Text       string
	At         time.Time // zero: the text is all
	Rest       string
	Link, More string
}

// Plain returns the notice without its link, for programs.
func (n *Notice) Plain() string {
	if n.At.IsZero() {
		return n.Text
	}
	return n.Text + " " + UTC(n.At) + n.Rest
}

// vendorKeeps is how long Cirrus Insight shows undelivered events.
const vendorKeeps = 7 * 24 * time.Hour

// SourceNotices returns the problems of the event source, by name.
func SourceNotices(s *watchdog.Report, now time.Time) map[string]Notice {
	found := map[string]Notice{}
	if s.State == watchdog.Quiet {
		found["source"] = quietNotice(s, now)
	}
	if s.Signatures.On {
		found["signatures"] = signatureNotice(&s.Signatures)
	}
	return found
}

func quietNotice(s *watchdog.Report, now time.Time) Notice {
	n := Notice{Unwell: true, Text: "No events received since Gavel was started", Link: "/events", More: "Show the last events"}
	if !s.LastEvent.IsZero() {
		n.Text = "No events received for " + Lasting(now.Sub(s.LastEvent))
	}
	n.Text += ". The next was expected before now (" + s.Basis + "). " +
		"Cirrus Insight disables an endpoint that keeps failing: check there whether it is active."
	switch until := s.LastEvent.Add(vendorKeeps); {
	case s.LastEvent.IsZero():
		n.Link, n.More = "", ""
	case until.After(now):
		n.Text += " Undelivered events are shown there for only 7 days, so check before"
		n.At, n.Rest = until, "."
	default:
		n.Text += " Undelivered events are shown there for only 7 days, so the first ones are gone."
	}
	return n
}

func signatureNotice(s *watchdog.Burst) Notice {
	const todo = " Compare the signing secret with that of the endpoint at Cirrus Insight, which disables an endpoint that keeps failing."
	if s.Good == 0 {
		return Notice{Bad: true, Text: fmt.Sprintf("No valid signature in the last 15 minutes: %s rejected.", requests(s.Bad)) + todo}
	}
	return Notice{Text: fmt.Sprintf("Most signatures were invalid in the last 15 minutes: %s rejected, %d accepted. Events may be forged, or a second secret is missing.",
		requests(s.Bad), s.Good) + todo}
}

func requests(n int) string {
	if n == 1 {
		return "1 request was"
	}
	return Number(n) + " requests were"
}
