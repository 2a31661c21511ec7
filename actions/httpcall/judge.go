package httpcall

import (
	"net/http"
	"time"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
)

// Judge returns the failure that a mocked reply of a test stands for, or nil.
// A reply without a status is a success.
func (a *action) Judge(result any) *event.Failure {
	r, ok := result.(*Result)
	if one, paged := result.(*reply); paged && one.whole == nil {
		r, ok = &one.page, true
	}
	if !ok || r.Status == 0 || a.expected.has(r.Status) {
		return nil
	}
	header := http.Header{}
	for name, value := range r.Headers {
		header.Set(name, value)
	}
	return outbound.StatusFailure("the test", r.Status, header, "", time.Now())
}
