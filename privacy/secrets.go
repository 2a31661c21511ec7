package privacy

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/gavel-rules/gavel/event"
)

// Redacted stands where a value is not shown.
const Redacted = "[redacted]"

// RedactedAddress stands for an email address, so that what needs one can still
// be shown.
const RedactedAddress = "redacted@redacted.invalid"

// Secrets collects what a Gate hides. The zero value is ready.
type Secrets struct {
	// patterns says of each folded value whether it counts as a whole word only.
	patterns map[string]bool
	size     int
}

// mostCharacters bounds what one Gate looks for. A guest who fills a form with
// more gets everything hidden.
const mostCharacters = 1 << 16

// Add hides a value that its author calls a secret, whatever it is. A short or
// everyday one is hidden where it stands as a word of its own.
func (s *Secrets) Add(values ...string) {
	for _, v := range values {
		s.put(v, Everyday(v))
		for _, line := range linesOf(v) {
			s.put(line, false)
		}
	}
}

// AddFromEnv hides a value of the environment unless it is everyday and its
// name does not say otherwise. setting says that the rules use it where a name
// or a place is asked for.
func (s *Secrets) AddFromEnv(name, value string, setting bool) {
	if NamesSecret(name) || !Everyday(value) && !(setting && PlainName(value)) {
		s.Add(value)
	}
}

// AddPrivate hides the value of a private field where it shows up elsewhere.
// One that is short or common is hidden in its field only: looked for in other
// text it would destroy that. A short name counts as a whole word.
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

// addAddresses hides each mailbox of a text such as
// "Jane <jane@buyer.example>, joe@buyer.example", also as mail servers write it.
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

// longestList bounds the lists of addresses whose names are looked at.
const longestList = 4096

// linesOf are the long lines of a secret such as a PEM key, which programs wrap
// in ways of their own.
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

// GateFor returns the gate for values that are secrets.
func GateFor(secrets ...string) *Gate {
	var s Secrets
	s.Add(secrets...)
	return s.Gate()
}

// GateForEvent returns the gate for the private fields of an event, and of other
// states of its meeting (nil ones are left out). What is not valid JSON has no
// fields.
func GateForEvent(fields Fields, ev *event.Event, meetings ...*event.Meeting) *Gate {
	bodies := [][]byte{ev.Body}
	for _, m := range meetings {
		if m != nil {
			bodies = append(bodies, bodyOf(m))
		}
	}
	var s Secrets
	for _, body := range bodies {
		_, values, err := fields.Hide(body)
		if err == nil {
			s.AddPrivate(values...)
		}
	}
	return s.Gate()
}
