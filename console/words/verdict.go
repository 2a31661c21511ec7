package words

// The verdicts that pages tell apart.
const (
	verdictMatched = "matched"
	verdictOther   = "other_type"
)

// VerdictWord words what becomes of a rule.
func VerdictWord(verdict string) string {
	switch verdict {
	case verdictMatched:
		return "Matches"
	case "not_matched":
		return "Does not match"
	case "error":
		return "Cannot tell"
	case verdictOther:
		return "Other events"
	case "disabled":
		return "Disabled"
	}
	return verdict
}

// OutlookWord words what would become of an action.
func OutlookWord(outlook string) string {
	switch outlook {
	case "goes_out":
		return "would go out"
	case "held":
		return "held back"
	case "waits":
		return "would wait"
	case "skipped":
		return "would be skipped"
	case "unknown":
		return "depends on an earlier answer"
	case "error":
		return "would fail"
	case "not_reached":
		return "would not be reached"
	}
	return outlook
}
