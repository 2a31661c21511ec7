package privacy

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/gavel-rules/gavel/event"
)

// Redacted replaces a hidden value.
const Redacted = "[redacted]"

// RedactedAddress replaces a hidden email address, where a valid one may be
// required.
const RedactedAddress = "redacted@redacted.invalid"

// Secrets collects what a Gate hides. The zero value is ready.
type Secrets struct {
	// patterns are the folded values; true if one counts only as a whole word.
	patterns map[string]bool
	size     int
}

// mostCharacters limits the values that one Gate searches for. With more, as
// from a very long form, it hides everything.
const mostCharacters = 1 << 16

// Add hides values that are marked as secrets, whatever they are. A short or
// everyday one is hidden only where it is a whole word.
func (s *Secrets) Add(values ...string) {
	for _, v := range values {
		s.put(v, Everyday(v))
		for _, line := range linesOf(v) {
			s.put(line, false)
		}
	}
}

// AddFromEnv hides a value of the environment, unless it is everyday and its
// name is not that of a secret. setting means that the rules use it in a setting
// for names or places; then a plain name is not hidden either.
func (s *Secrets) AddFromEnv(name, value string, setting bool) {
	if NamesSecret(name) || !Everyday(value) && !(setting && PlainName(value)) {
		s.Add(value)
	}
}

// AddPrivate hides the values of private fields where they appear elsewhere. A
// very short or common one is hidden only in its field, because otherwise it
// would destroy other text. A short name counts only as a whole word.
func (s *Secrets) AddPrivate(values ...string) {
	for _, v := range values {
		v = strings.TrimSpace(v)
		s.addPrivate(v)
		if strings.Contains(v, "@") {
			s.addAddresses(v)
		}
	}
}

func (s *Secrets) addPrivate(v string) {
	letters, digits := 0, 0
	for _, r := range v {
		switch {
		case unicode.IsLetter(r):
			letters++
		case unicode.IsDigit(r):
			digits++
		}
	}
	length := utf8.RuneCountInString(v)
	switch {
	case settingWord(v), letters == 0 && digits < shortest, length < 3:
	default:
		s.put(v, length < shortest || letters == 0)
	}
}

// addAddresses hides each mailbox in a text such as
// "Jane <jane@buyer.example>, joe@buyer.example", also with its domain in ASCII.
func (s *Secrets) addAddresses(v string) {
	for _, word := range strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;<>\"()", r) }) {
		at := strings.LastIndexByte(word, '@')
		if at < 1 {
			continue
		}
		s.addPrivate(word)
		if ascii, err := idna.Lookup.ToASCII(word[at+1:]); err == nil {
			s.addPrivate(word[:at+1] + ascii)
		}
	}
	if len(v) > longestList {
		return
	}
	list, err := mail.ParseAddressList(v)
	if err != nil {
		return
	}
	for _, a := range list {
		s.addPrivate(a.Name)
	}
}

// longestList is up to how many bytes a list of addresses is parsed for names.
const longestList = 4096

// linesOf returns the long lines of a secret such as a PEM key, because programs
// wrap them differently.
func linesOf(v string) []string {
	v = strings.ReplaceAll(v, `\n`, "\n")
	if !strings.Contains(v, "\n") {
		return nil
	}
	var out []string
	for line := range strings.Lines(v) {
		if line = strings.TrimSpace(line); len(line) >= 16 && !strings.HasPrefix(line, "-----") {
			out = append(out, line)
		}
	}
	return out
}

func (s *Secrets) put(v string, wholeWord bool) {
	v = fold(strings.TrimSpace(v))
	if utf8.RuneCountInString(v) < 3 || strings.Contains(Redacted, v) || strings.Contains(RedactedAddress, v) {
		return
	}
	if before, known := s.patterns[v]; known {
		wholeWord = wholeWord && before
	} else {
		s.size += min(utf8.RuneCountInString(v), longestPattern)
	}
	if s.patterns == nil {
		s.patterns = map[string]bool{}
	}
	s.patterns[v] = wholeWord
}

// Gate returns the gate that hides what was added so far.
func (s *Secrets) Gate() *Gate {
	if len(s.patterns) == 0 {
		return nil
	}
	if s.size > mostCharacters {
		return &Gate{all: true}
	}
	return &Gate{finder: newFinder(s.patterns)}
}

// GateFor returns a gate that hides secrets.
func GateFor(secrets ...string) *Gate {
	var s Secrets
	s.Add(secrets...)
	return s.Gate()
}

// GateForEvent returns a gate for the private fields of an event and of other
// states of its meeting, which may be nil. A body that is not valid JSON has no
// fields.
func GateForEvent(fields Fields, ev *event.Event, meetings ...*event.Meeting) *Gate {
	bodies := [][]byte{ev.Body}
	for _, m := range meetings {
		if m != nil {
			bodies = append(bodies, bodyOf(m))
		}
	}
	return gateForBodies(fields, bodies)
}

// GateForGathering hides the private values of gathered events; nil hides
// nothing.
func GateForGathering(fields Fields, g *event.Gathering) *Gate {
	if g == nil {
		return nil
	}
	var bodies [][]byte
	for _, e := range g.Events {
		if source := e.Source(); source != nil {
			bodies = append(bodies, source.Body)
		}
	}
	return gateForBodies(fields, bodies)
}

func gateForBodies(fields Fields, bodies [][]byte) *Gate {
	var s Secrets
	for _, body := range bodies {
		_, values, err := fields.Hide(body)
		if err == nil {
			s.AddPrivate(values...)
		}
	}
	return s.Gate()
}
