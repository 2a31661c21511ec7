package budget

// Files is how many files, connections among them, this process may have open; 0
// if that is not known.
type Files int

// own is what Gavel opens itself besides connections of its workers: the
// database, rules, logs.
const own = 64

// Console is how many connections of the console fit, at most the given number.
func (f Files) Console(most int) int {
	if f == 0 {
		return most
	}
	return min(most, max(16, int(f)/8))
}

// Connections is how many connections for events fit beside those of the console
// and of the workers, at most the given number.
func (f Files) Connections(most, console, workers int) int {
	if f == 0 {
		return most
	}
	return min(most, max(16, int(f)-own-console-2*workers))
}
