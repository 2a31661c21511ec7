package testkit

import "sync"

// logBuffer keeps the output of a process that still runs.
type logBuffer struct {
	mu   sync.Mutex
	text []byte
}

// Write adds to the buffer.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	return len(p), nil
}

func (b *logBuffer) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.text)
}

func (b *logBuffer) from(mark int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.text[mark:])
}
