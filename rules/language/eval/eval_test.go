package eval_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
)

var clock = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const body = `{"eventId":"ev-1","eventType":"scheduling.smartscheduler.scheduled","eventTimestamp":"2026-03-01T10:00:00Z",
	"data":{"id":"m-1","meetingStart":"2026-03-10T15:00:00Z","isCanceled":false,
	"meetingOwner":{"username":"olga@acme.example"},
	"meetingInfo":{"primaryInvitee":"Jane <jane@Buyer.example>","optionalInvitees":"bob@buyer.example; JANE@buyer.example nobody carl@b.example",
		"formValues":[{"question":" Company size ","answerText":"51-200"},{"question":"Empty","answerText":""},{"question":"Zone","answerText":"Europe/Paris"}],
		"surveyQuestions":[{"question":"Budget?","answer":"10k"},{"question":"Empty","answer":"from the survey"}]},
	"n":7,"zero":0,"neg":-7,"half":2.5,"tenth":0.1,"big":123456789012345678901234567890,"huge":1e500,"s":"abc","e":"","u":"äöü","num":" 42 ","vip":true,
	"list":[3,1,2],"texts":["b","a"],"mixed":[1,"a"],"none":[],"obj":{"a":1,"b":{"c":2}},"nul":null,"when":"2026-03-10T15:00:00Z","objs":[{"a":2},{"a":1}],"json":"{\"x\":[1]}"}}`

// worth compiles an expression, evaluates it for the sample event and returns
// what it is worth as JSON, or what is said of it.
func worth(t *testing.T, c *language.Compiler, source string) string {
	t.Helper()
	p, problems := c.Compile(source, c.MatchVocabulary(), language.Unguarded)
	if len(problems) > 0 {
		return "REFUSED " + problems[0].Message + "; " + problems[0].Hint
	}
	ev, err := decode.Event([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	ev.Received = clock
	s := language.MatchScope(nil, ev, language.Constants{Env: c.Environment()})
	s.AddData()
	v, err := p.Run(s)
	var failed *language.EvalError
	if errors.As(err, &failed) {
		return "ERROR " + failed.Err.Error()
	}
	if err != nil {
		return "ERROR " + err.Error()
	}
	plain, err := eval.PlainValue(v)
	if err != nil {
		return "NOT PLAIN " + err.Error()
	}
	out, err := eval.JsonText(plain)
	if err != nil {
		return "NO JSON " + err.Error()
	}
	return out
}

// TestWorth: each line of testdata/worth.txtar is an expression and what it is
// worth.
func TestWorth(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/worth.txtar")
	if err != nil {
		t.Fatal(err)
	}
	_, sections, _ := strings.Cut("\n"+string(raw), "\n-- ")
	for section := range strings.SplitSeq(sections, "\n-- ") {
		name, lines, _ := strings.Cut(section, " --\n")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := language.NewCompiler(map[string]string{"HOME": "acme.example"})
			for line := range strings.Lines(lines) {
				source, want, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ⇒ ")
				if got := worth(t, c, source); !ok || got != want {
					t.Errorf("%s\n\tis   %s\n\twant %s", source, got, want)
				}
			}
		})
	}
}
