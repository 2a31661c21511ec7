package words

import "github.com/gavel-rules/gavel/rules/explain"

// VerdictWord returns the heading of a verdict.
func VerdictWord(v explain.RuleVerdict) string {
	switch v {
	case explain.VerdictMatched:
		return "Matches"
	case explain.VerdictNoMatch:
		return "Does not match"
	case explain.VerdictError:
		return "Error in condition"
	case explain.VerdictOtherType:
		return "Other events"
	case explain.VerdictDisabled:
		return "Disabled"
	}
	return string(v)
}

// OutlookWord says what would happen to an action.
func OutlookWord(o explain.ActionOutlook) string {
	switch o {
	case explain.OutlookGoesOut:
		return "would run"
	case explain.OutlookHeld:
		return "held back"
	case explain.OutlookWaits:
		return "would wait"
	case explain.OutlookSkipped:
		return "would be skipped"
	case explain.OutlookUnknown:
		return "depends on an earlier reply"
	case explain.OutlookError:
		return "would fail"
	case explain.OutlookNever:
		return "would not be reached"
	case explain.OutlookEnters:
		return "its condition holds"
	case explain.OutlookReturns:
		return "would return"
	case explain.OutlookStops:
		return "would end the run"
	}
	return string(o)
}

// Reading returns the value of a part of a condition; … marks a clipped one.
func Reading(r *explain.Reading) string {
	if r.Clipped {
		return string(r.Value) + "…"
	}
	return string(r.Value)
}
