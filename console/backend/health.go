package backend

// Fine reports whether no check has found anything.
func Fine(checks map[string]string) bool {
	for _, problem := range checks {
		if problem != "" {
			return false
		}
	}
	return true
}
