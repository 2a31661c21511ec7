package client

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/gavel-rules/gavel/report"
)

// Report counts meetings and follow-ups. The server limits the time it takes.
func (c *Client) Report(ctx context.Context, o report.Options) (*report.Report, error) {
	query := url.Values{"since": {"0"}}
	if !o.Since.IsZero() {
		query.Set("since", o.Since.UTC().Format(time.RFC3339))
	}
	setTime(query, "until", o.Until)
	if o.Zone != nil && o.Zone != time.Local { // the server cannot know which one that is
		query.Set("zone", o.Zone.String())
	}
	if o.Late > 0 {
		query.Set("late", o.Late.String())
	}
	if o.Top > 0 {
		query.Set("top", strconv.Itoa(o.Top))
	}
	var out report.Report
	return &out, c.patiently(ctx, &out, query, "report")
}
