package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/gavel-rules/gavel/event"
)

// Call is a request of HTTP.
type Call struct {
	Method, URL string
	Headers     []Pair
	Body        string
	Note        string // what of the body is missing
	Curl        string
}

func callOf(raw json.RawMessage, seen *event.Exchange) *Call {
	var got struct {
		Method  string            `json:"method"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body"`
	}
	if json.Unmarshal(raw, &got) != nil || got.URL == "" {
		return nil
	}
	headers := map[string]string{}
	maps.Copy(headers, got.Headers)
	maps.Copy(headers, seen.Headers)
	if seen.IdempotencyKey != "" {
		headers["Idempotency-Key"] = seen.IdempotencyKey
	}
	c := &Call{Method: got.Method, URL: got.URL}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		c.Headers = append(c.Headers, Pair{name, headers[name]})
	}
	size := 0
	c.Body, size = textOf(got.Body)
	sent, cut := sentBody(got.Body, strings.Contains(got.Headers["Content-Type"], "json"))
	if cut {
		c.Note = fmt.Sprintf("The beginning of %d bytes. In the command, set BODY to all of it.", size)
	}
	c.Curl = c.curl(sent, len(got.Body) > 0, cut)
	return c
}

// sentBody returns a body as it was sent, and whether it was cut.
func sentBody(raw json.RawMessage, isJSON bool) (body string, cut bool) {
	if event.CutOf(raw) != nil {
		return "", true
	}
	if !isJSON && len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &body) == nil {
		return body, false
	}
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil {
		return string(raw), false
	}
	return compact.String(), false
}

// curl returns a command that sends the request. What is hidden is a variable of
// the shell.
func (c *Call) curl(body string, has, cut bool) string {
	const next = " \\\n  "
	lines := []string{"curl --globoff --request " + Quote(c.Method, "HIDDEN") + " " + Quote(c.URL, "HIDDEN")}
	if c.Method == "HEAD" {
		lines[0] = "curl --globoff --head " + Quote(c.URL, "HIDDEN")
	}
	for _, h := range c.Headers {
		line := h.Name + ": " + h.Value
		if h.Value == "" {
			line = h.Name + ";" // how curl sends an empty header
		}
		lines = append(lines, "--header "+Quote(line, variable(h.Name)))
	}
	switch {
	case cut:
		lines = append(lines, `--data-raw "$BODY"`)
	case has:
		lines = append(lines, "--data-raw "+Quote(body, "HIDDEN"))
	}
	return strings.Join(lines, next)
}

// hidden are the texts that take the place of what is hidden, also in a URL.
var hidden = []string{"[redacted]", "%5Bredacted%5D", "(instance_url)"}

// Quote writes a text as one word for a POSIX shell, with the variable in place
// of what is hidden. Characters that a terminal acts on when they are pasted, or
// that make text read as something else, are written by printf.
func Quote(text, name string) string {
	var out strings.Builder
	for {
		at, mark := len(text), ""
		for _, h := range hidden {
			if i := strings.Index(text, h); i >= 0 && i < at {
				at, mark = i, h
			}
		}
		quote(&out, text[:at])
		if mark == "" {
			break
		}
		if mark == "(instance_url)" {
			name = "INSTANCE_URL"
		}
		out.WriteString(`"$` + name + `"`)
		text = text[at+len(mark):]
	}
	if out.Len() == 0 {
		return "''"
	}
	return out.String()
}

func quote(out *strings.Builder, text string) {
	unsafe := func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }
	for text != "" {
		end := strings.IndexFunc(text, unsafe)
		if end < 0 {
			end = len(text)
		}
		if end > 0 {
			out.WriteString("'" + strings.ReplaceAll(text[:end], "'", `'\''`) + "'")
			text = text[end:]
			continue
		}
		size := strings.IndexFunc(text, func(r rune) bool { return !unsafe(r) })
		if size < 0 {
			size = len(text)
		}
		out.WriteString(`"$(printf '`)
		for _, b := range []byte(text[:size]) {
			fmt.Fprintf(out, `\%03o`, b)
		}
		out.WriteString(`')"`)
		text = text[size:]
	}
}

// variable returns a name of a shell variable for a header.
func variable(header string) string {
	name := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(header))
	if name == "" || name[0] <= '9' {
		return "_" + name
	}
	return name
}
