package words

import "github.com/gavel-rules/gavel/rules/explain"

// VerdictWord words what becomes of a rule.
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

// OutlookWord words what would become of an action.
func OutlookWord(o explain.ActionOutlook) string {
	switch o {
	case explain.OutlookGoesOut:
		return "would go out"
	case explain.OutlookHeld:
		return "held back"
	case explain.OutlookWaits:
		return "would wait"
	case explain.OutlookSkipped:
		return "would be skipped"
	case explain.OutlookUnknown:
		return "depends on an earlier answer"
	case explain.OutlookError:
		return "would fail"
	case explain.OutlookNever:
		return "would not be reached"
	}
	return string(o)
}

// Reading is the value of a part of a condition; one that was cut says so.
func Reading(r *explain.Reading) string {
	if r.Clipped {
		return string(r.Value) + "…"
	}
	return string(r.Value)
}
