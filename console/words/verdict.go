package words

import "github.com/gavel-rules/gavel/rules"

// VerdictWord words what becomes of a rule.
func VerdictWord(v rules.RuleVerdict) string {
	switch v {
	case rules.VerdictMatched:
		return "Matches"
	case rules.VerdictNoMatch:
		return "Does not match"
	case rules.VerdictError:
		return "Cannot tell"
	case rules.VerdictOtherType:
		return "Other events"
	case rules.VerdictDisabled:
		return "Disabled"
	}
	return string(v)
}

// OutlookWord words what would become of an action.
func OutlookWord(o rules.ActionOutlook) string {
	switch o {
	case rules.OutlookGoesOut:
		return "would go out"
	case rules.OutlookHeld:
		return "held back"
	case rules.OutlookWaits:
		return "would wait"
	case rules.OutlookSkipped:
		return "would be skipped"
	case rules.OutlookUnknown:
		return "depends on an earlier answer"
	case rules.OutlookError:
		return "would fail"
	case rules.OutlookNever:
		return "would not be reached"
	}
	return string(o)
}

// Reading is the value of a part of a condition; one that was cut says so.
func Reading(r *rules.Reading) string {
	if r.Clipped {
		return string(r.Value) + "…"
	}
	return string(r.Value)
}
