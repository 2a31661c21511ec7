package traffic

import (
	"bufio"
	"strings"
	"testing"
)

func TestReadAnswer(t *testing.T) {
	t.Parallel()
	check := func(text string, want int, rest string, fails bool) {
		t.Helper()
		in := bufio.NewReader(strings.NewReader(text))
		got, err := readAnswer(in)
		if got != want || (err != nil) != fails {
			t.Errorf("%q: %d, %v; want %d, failure %t", text, got, err, want, fails)
		}
		if left, _ := in.Peek(len(rest)); err == nil && string(left) != rest {
			t.Errorf("%q: left %q, want %q", text, left, rest)
		}
	}
	check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP", 200, "HTTP", false)
	check("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n", 503, "", false)
	check("HTTP/1.1 200 OK\r\n\r\n", 0, "", true)
	check("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", 0, "", true)
	check("nonsense\r\n", 0, "", true)
	check("", 0, "", true)
}
