package rules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestTextFunctions: absent text is empty, and characters of any script count.
func TestTextFunctions(t *testing.T) {
	t.Parallel()
	check := func(expr string, want any) {
		t.Helper()
		got, err := render(t, "any: |-\n            "+expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			return
		}
		if diff := cmp.Diff(want, got.Any); diff != "" {
			t.Errorf("%s (-want +got):\n%s", expr, diff)
		}
	}
	check(`title("élan VITAL mcDonald’s 3rd o'clock")`, "Élan VITAL McDonald’s 3rd O'clock")
	check(`title(data.nope)`, "")
	check(`initials(" ada  lovelace-king, jr. ")`, "ALKJ")
	check(`initials("Änne (Ben) 42")`, "ÄB")
	check(`initials("")`, "")
	check(`join(invitees(), ", ")`, "jane@buyer.example, bob@buyer.example")
	check(`join(map(invitees(), title(split(#, "@")[0])), " and ")`, "Jane and Bob")
	check(`join(data.nope, ", ")`, "")
	check(`hash("abc")`, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
	check(`urlEncode("ä b+c/?&=%")`, "%C3%A4%20b%2Bc%2F%3F%26%3D%25")
	check(`soql("a'b\\c\"d\ne")`, `a\'b\\c\"d\ne`)
	check(`xml("<a b='c'>\u0000\u0007&\t")`, "&lt;a b=&apos;c&apos;&gt;&amp;\t")
	for address, want := range map[string]bool{
		"a@gmail.com": true, "A@GMAIL.com": true, "x <a@yahoo.co.uk>": true, "a@yahoo.com.br": true, "a@hotmail.fr": true, "a@gmx.net": true,
		"a@acme.example": false, "gmail.com": false, "": false, "a@gmx.evil.example": false, "a@mail.gmail.com": false, "a@yahoo.research": false, "a@notgmail.com": false,
	} {
		check(`isFreeMail("`+address+`")`, want)
	}
	for d, want := range map[string]string{
		"0s": "0 seconds", "1s": "1 second", "59s": "59 seconds", "60s": "1 minute", "90s": "1 minute 30 seconds", "3599s": "59 minutes 59 seconds",
		"2h3m40s": "2 hours 4 minutes", "1h59m40s": "2 hours", "23h59m40s": "1 day", "25h": "1 day 1 hour", "3d23h50m": "4 days", "100d": "100 days",
	} {
		check(`humanDuration(duration("`+d+`"))`, want)
	}
	check(`humanDuration(now() - meeting.meetingStart)`, "-8 days 3 hours")
	check(`regexReplace("a1b22", "([0-9]+)", "<${1}>")`, "a<1>b<22>")
	check(`regexReplace(data.nope, "x", "y")`, "")
	check(`regexReplace("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "^a|a$", "-")`, "-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-")
	check(`regexReplace("abc", "", "-")`, "-a-b-c-")
	check(`regexReplace(meeting.id, vars.home + "|m-", "")`, "1")
}

// TestHolidays: dates that were checked against the calendars of the countries.
func TestHolidays(t *testing.T) {
	t.Parallel()
	check := func(country, day, want string) {
		t.Helper()
		got, err := render(t, `any: holiday(date("`+day+`"), "UTC", "`+country+`")`)
		if err != nil || got.Any != want {
			t.Errorf("%s on %s: %v, %v; want %q", country, day, got, err, want)
		}
	}
	check("DE", "2026-04-03", "Good Friday")
	check("de", "2027-05-17", "Whit Monday")
	check("DE", "2026-01-06", "")
	check("AT", "2026-06-04", "Corpus Christi")
	check("FR", "2024-05-09", "Ascension Day")
	check("IT", "2025-10-04", "")
	check("IT", "2026-10-04", "St. Francis' Day")
	check("SE", "2026-06-20", "Midsummer Day")
	check("SE", "2025-06-21", "Midsummer Day")
	check("FI", "2026-10-31", "All Saints' Day")
	// A day at a weekend is made up for, and does not fall on another one.
	check("GB", "2021-12-27", "Christmas Day")
	check("GB", "2021-12-28", "Boxing Day")
	check("GB", "2022-12-26", "Boxing Day")
	check("GB", "2022-12-27", "Christmas Day")
	check("GB", "2026-12-28", "Boxing Day")
	check("GB", "2022-01-03", "New Year's Day")
	check("GB", "2026-05-25", "Spring Bank Holiday")
	check("GB", "2026-08-31", "Summer Bank Holiday")
	check("IE", "2024-02-05", "St. Brigid's Day")
	check("IE", "2030-02-01", "St. Brigid's Day")
	check("US", "2021-12-31", "New Year's Day")
	check("US", "2026-07-03", "Independence Day")
	check("US", "2027-07-05", "Independence Day")
	check("US", "2026-11-26", "Thanksgiving Day")
	check("US", "2020-06-19", "")
	check("CA", "2026-05-18", "Victoria Day")
	check("CA", "2027-05-24", "Victoria Day")
	check("", "2026-12-25", "")

	days := func(expr string, want time.Time) {
		t.Helper()
		got, err := render(t, "any: "+expr)
		if at, ok := got.Any.(time.Time); err != nil || !ok || !at.Equal(want) {
			t.Errorf("%s: %v, %v; want %s", expr, got.Any, err, want)
		}
	}
	days(`nextWorkday(date("2026-04-02T10:00:00Z"), "Europe/Berlin")`, time.Date(2026, 4, 3, 10, 0, 0, 0, time.UTC))
	days(`nextWorkday(date("2026-04-02T10:00:00Z"), "Europe/Berlin", "DE")`, time.Date(2026, 4, 7, 10, 0, 0, 0, time.UTC))
	days(`nextWorkday(date("2026-04-02T23:30:00Z"), "Europe/Berlin", "DE")`, time.Date(2026, 4, 6, 23, 30, 0, 0, time.UTC))
	days(`addWorkdays(date("2026-12-23"), 3, "UTC", "DE")`, time.Date(2026, 12, 29, 0, 0, 0, 0, time.UTC))
	days(`addWorkdays(date("2026-12-26"), 0, "UTC", "DE")`, time.Date(2026, 12, 28, 0, 0, 0, 0, time.UTC))
	days(`addWorkdays(date("2027-01-04"), -1, "UTC", "US")`, time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC))
}

// TestFunctionMistakes: what can be known is told when the file is read, the
// rest with the value.
func TestFunctionMistakes(t *testing.T) {
	t.Parallel()
	loading := func(line, want string) {
		t.Helper()
		if got := findings(noteRule(line)).Error(); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	loading(`any: workday(now(), "UTC", "XX")`, `rules.yaml:7:38: rule "r": the holidays of country "XX" are not known, only those of AT, AU, BE`)
	loading(`any: regexReplace("x", "(", "")`, `rules.yaml:7:34: rule "r": not a regular expression: error parsing regexp: missing closing )`)
	loading(`any: regexReplace("x", "a{990}b{990}c{990}d{990}e{990}f{990}", "")`, "the regular expression is too large")
	loading(`any: titlecase("x")`, `unknown function "titlecase"; write title(text)`)
	loading(`any: sha256("x")`, "write hash(text), which is SHA-256")
	loading(`any: title(5)`, `title() needs text here, not a whole number; put it in quotes`)
	loading(`any: humanDuration("1h")`, "humanDuration() needs a duration here, not text")
	loading(`any: nextWorkday(meeting.meetingStart)`, "nextWorkday")

	running := func(line, want string) {
		t.Helper()
		if _, err := render(t, line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
	running(`any: workday(now(), "UTC", data.extra.tags[0])`, `the holidays of country "a" are not known`)
	running(`any: soql(data.extra.score)`, "soql() needs text, but data.extra.score is the number 7; convert it with string(…)")
	running(`any: humanDuration(data.extra.score)`, "humanDuration() needs a duration, but data.extra.score is the number 7")
	running(`any: regexReplace(data.extra.score, "a", "b")`, "regexReplace() needs text for all three")
	running(`any: nextWorkday(date(data.nope), "UTC")`, "data.nope")
}

// TestRegexReplaceIsBounded: a pattern that reads all of a stranger's text for
// each match costs its square, and is stopped.
func TestRegexReplaceIsBounded(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{
		`regexReplace(data.long, "(?:.*b|a)", "")`,
		`regexReplace(data.long, "a", data.long)`,
		`regexReplace(data.long, data.pattern, "")`,
	} {
		set := load(t, "rules: [ { name: r, event: \"*\", when: '"+expr+` == ""', actions: [ { note: { text: x } } ] } ]`)
		ev := decodeEvent(t, `{"eventId":"e","eventType":"x.y","eventTimestamp":"2026-03-01T10:00:00Z","data":{"long":"`+strings.Repeat("a", 50_000)+`","pattern":"a{990}b{990}c{990}d{990}e{990}f{990}"}}`)
		v := set.Match(ev)
		if len(v) != 1 || v[0].Err == nil || !strings.Contains(v[0].Err.Error(), "too") {
			t.Errorf("%s: %+v", expr, v)
		}
	}
}

// TestEscapesByHand: an escape for a language inside a text goes together with
// that of the destination, and is told where it stands wrong.
func TestEscapesByHand(t *testing.T) {
	t.Parallel()
	got, err := render(t, `url: "/query?q=SELECT+Id+FROM+Contact+WHERE+Name='${{ soql(\"O'Neil & Co\") }}'"`)
	if want := `/query?q=SELECT+Id+FROM+Contact+WHERE+Name='O%5C%27Neil+%26+Co'`; err != nil || got.URL != want {
		t.Errorf("%v, %v; want %s", got, err, want)
	}
	got, err = render(t, `text: "<name>${{ xml(\"<b>&\") }}</name>"`)
	if want := `<name>[&lt;b&gt;&amp;]</name>`; err != nil || got.Text != want {
		t.Errorf("%v, %v; want %s", got, err, want)
	}
	check := func(line string, want ...string) {
		t.Helper()
		found := findings(noteRule(line))
		if len(found) != len(want) {
			t.Errorf("%s: %v", line, found)
			return
		}
		for i := range want {
			if !strings.Contains(found[i].String(), want[i]) {
				t.Errorf("%s: %s, want %s", line, found[i], want[i])
			}
		}
	}
	const outside = `soql() escapes for the inside of single quotes, and this is outside; write '${{ soql(meeting.id) }}'`
	check(`text: "WHERE Id = ${{ soql(meeting.id) }}"`, outside)
	check(`text: "WHERE A = 'x' AND Id = ${{ soql(meeting.id) }} AND B = 'y'"`, outside)
	check(`json: { q: "WHERE Id = '${{ soql(meeting.id) }}' AND A = '${{ meeting.emailMeetingId }}' AND B = '${{ vars.home }}'" }`,
		"warning: rule \"r\": this value is not escaped for the query; write soql(meeting.emailMeetingId)")
	check(`text: "it\\'s '${{ soql(meeting.id) }}'"`)
	check(`html: "<p>${{ xml(meeting.id) }}</p>"`, "xml() escapes a second time: values in HTML are escaped already; remove xml()")
	check(`url: "/x?a=${{ urlEncode(meeting.id) }}"`, "urlEncode() escapes a second time: values in a URL are escaped already")
	check(`url: "/x?a=${{ \"https://a.example/?b=\" + urlEncode(meeting.id) }}"`)
}
