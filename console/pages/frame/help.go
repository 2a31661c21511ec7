package frame

// helpOf returns the document about a page of the console, with the heading;
// empty for pages that need none. A test follows all of them.
func helpOf(page string) string {
	switch page {
	case "overview", "events", "event", "meeting", "runs", "run", "run-ask", "search":
		return "console.html"
	case "issues", "issue", "retry":
		return "operating.html#issues"
	case "scheduled":
		return "operating.html#what-is-to-be-sent"
	case "rules", "rule", "rule-gone":
		return "rules.html"
	case "rule-apply", "rule-move":
		return "operating.html#meetings-booked-before-a-rule"
	case "connections", "connection":
		return "rules.html#connections"
	case "analytics":
		return "analytics.html"
	case "playground":
		return "testing.html"
	case "pauses", "pause", "resume":
		return "operating.html#pausing-and-resuming"
	case "refused":
		return "operating.html#was-anything-lost"
	case "replay":
		return "operating.html#guarantees"
	}
	return ""
}
