package words

// refusal is a reason of the receiver in words, and what to do about it.
type refusal struct{ text, hint string }

func refusals() map[string]refusal {
	const lasting = " Cirrus Insight sends them again later."
	return map[string]refusal{
		"not_found":        {"wrong address", "Not sent to the webhook path. From Cirrus Insight: correct the endpoint's URL there. From elsewhere: usually scanners; nothing to do."},
		"method":           {"wrong method", "Events are sent with POST. Usually a browser or a health check; probe /-/ready of the console address instead."},
		"content_type":     {"wrong content type", "Events are application/json. Look whether a proxy changes the header."},
		"content_encoding": {"compressed body", "Bodies must be sent uncompressed. Look whether a proxy compresses them."},
		"too_large":        {"too large", "The body is above the limit. If it is an event of Cirrus Insight, raise --max-body."},
		"timeout":          {"body too slow", "The body did not arrive in time. Look at the network and the proxy in front." + lasting},
		"disconnected":     {"body incomplete", "The sender or a proxy ended the connection early." + lasting},
		"signature":        {"bad signature", "Compare the signing secret with that of the endpoint at Cirrus Insight; while it is replaced, give both. From unknown addresses: forged, and nothing to do."},
		"malformed":        {"not an event", "The body is signed but no event that Gavel knows. \"gavel serve\" logs why (\"request rejected\")."},
		"busy":             {"too many at once", "More requests than Gavel takes at once." + lasting + " If it lasts, see Sizing in the operator's guide."},
		"unavailable":      {"database unavailable", "The event could not be stored then. Look at the database." + lasting},
		"internal":         {"internal error", "A fault in Gavel: the log says which. Please report it."},
	}
}

// RefusalWord returns a reason for which the receiver refuses requests in words.
func RefusalWord(reason string) string {
	if r, ok := refusals()[reason]; ok {
		return r.text
	}
	return reason
}

// RefusalHint says what to do about it.
func RefusalHint(reason string) string { return refusals()[reason].hint }
