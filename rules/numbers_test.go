package rules_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/rules/language"
)

const numbersBody = `{"eventId":"e","eventType":"organization.setting.changed","eventTimestamp":"2026-03-01T10:00:00Z",
	"data":{"previous":{"value":7615917337495251001},"current":{"value":123456789012345678901234567890,"price":1.50},
	"id":7615917337495251001,"huge":123456789012345678901234567890,"price":19.90,"tenth":0.1,"two":0.2,"million":1e6,"list":[1.10,2.20,3.30],
	"small":0.0000001,"long":1234567890.12345678901234567890,"minus":-42,"text":"12345678901234567890","absurd":1e999999999,
	"items":[{"n":2.5},{"n":1.50},{"n":10}]}}`

// TestNumbersAreExact: a number goes out as it came in, and is compared and
// calculated with by what it is worth.
func TestNumbersAreExact(t *testing.T) {
	t.Parallel()
	ev := decodeEvent(t, numbersBody)
	show := func(expr string) string {
		set := load(t, noteRule("text: |-\n            ${{ "+expr+" }}", "json:\n            v: |-\n              ${{ "+expr+" }}"))
		scope := set.Scope(set.Rules[0], ev, language.ScopeOptions{Now: clock})
		effect, err := set.Rules[0].Actions[0].Action.Prepare(scope)
		if err != nil && strings.Contains(err.Error(), "division by zero") {
			return ""
		}
		if err != nil {
			return err.Error()
		}
		out := effect.(*rendered)
		raw, _ := json.Marshal(out.JSON)
		text := strings.TrimSuffix(strings.TrimPrefix(out.Text, "["), "]")
		if want := fmt.Sprintf(`{"v":%s}`, text); string(raw) != want && !strings.Contains(string(raw), `"v":"`) {
			t.Errorf("%s: the text is %s, but the JSON %s", expr, text, raw)
		}
		return text
	}
	for expr, want := range map[string]string{
		`data.id`: "7615917337495251001", `data.huge`: "123456789012345678901234567890", `data.price`: "19.90", `data.million`: "1000000",
		`data.small`: "0.0000001", `data.long`: "1234567890.12345678901234567890", `change.previous.value`: "7615917337495251001",
		`change.current.price`: "1.50", `string(data.id)`: "7615917337495251001", `string(data.huge)`: "123456789012345678901234567890",
		`string(data.price)`: "19.90", `fromJSON("[7615917337495251001, 1.50]")`: "[7615917337495251001,1.50]", `data.list`: "[1.10,2.20,3.30]",
		`json(data.huge)`: "123456789012345678901234567890", `int(data.text)`: "12345678901234567890", `data.id + 1`: "7615917337495251002",
		`data.huge + 1`: "123456789012345678901234567891", `data.huge * 10`: "1234567890123456789012345678900", `data.huge % 11`: "7",
		`data.tenth + data.two`: "0.3", `data.price * 3`: "59.7", `-data.huge`: "-123456789012345678901234567890", `data.price / 2`: "9.95",
		`sum(data.list)`: "6.6", `sum(data.items, .n)`: "14", `max(data.list)`: "3.30", `min(data.huge, data.id)`: "7615917337495251001",
		`mean(data.list)`: "2.2", `median(data.list)`: "2.2", `abs(data.minus)`: "42", `round(data.price)`: "20", `floor(data.price)`: "19", `ceil(data.price)`: "20",
		`reduce(data.list, #acc + #, 0)`: "6.6", `sort(data.list, "desc")[0]`: "3.30", `map(sortBy(data.items, .n), .n)`: "[1.50,2.5,10]",
		`uniq([data.id, 7615917337495251001, data.price])`: "[7615917337495251001,19.90]", `1000000.0 * 1`: "1000000", `data.million / 3`: "333333.3333333333",
		`toJSON(data.price)`: "19.90", `int(data.price)`: "19", `float("1.50")`: "1.5", `9223372036854775807 + data.minus`: "9223372036854775765",
		`int(data.minus / 5)`: "-8", `9223372036854775807 + 1`: "9223372036854775808", `len(data.list) * 9223372036854775807`: "27670116110564327421",
		`-9223372036854775807 - 2`: "-9223372036854775809", `sum([9223372036854775807, 1])`: "9223372036854775808", `0.1 + 0.2`: "0.3", `2 ** 64`: "18446744073709551616",
		`data.id ** 2`: "58002196891560752938610282227991502001", `2 ** -1`: "0.5", `10 ** 20`: "100000000000000000000", `data.id / 7`: "1087988191070750143", `data.id / 11`: "692356121590477363.72",
		`floor(data.million / 60)`: "16666", `round(data.huge / 1)`: "123456789012345678901234567890", `max([data.huge / 2, 1])`: "61728394506172839450617283945",
		`data.list[len(data.list) - 1]`: "3.30", `duration("1h") * 1.5`: `1h30m`, `1 / len(data.nope)`: "", `1 / 0`: "", `5 % len([])`: "", `0 ** -1`: "", `groupBy([1, 2], string(#))`: `{"1":[1],"2":[2]}`,
	} {
		if got := show(expr); got != want {
			t.Errorf("%s = %s, want %s", expr, got, want)
		}
	}
	for _, when := range []string{
		`data.id == 7615917337495251001`, `data.id != 7615917337495251000`, `data.id > 7615917337495251000`, `data.huge > data.id`, `data.price == 19.9`,
		`data.price < 20 and data.price >= 19.90`, `change.current.value != change.previous.value`, `data.tenth + data.two == 0.3`, `data.million == 1000000`,
		`19.9 in [data.price]`, `data.absurd > 5`, `string(data.id) == "7615917337495251001"`, `data.list == [1.1, 2.2, 3.3]`, `data.huge == fromJSON("123456789012345678901234567890")`,
		`data.list[0] == 1.1`, `count(data.list, # > 1.10) == 2`, `type(data.huge) == "int"`,
	} {
		if got := verdict(t, when, numbersBody); got != "true" {
			t.Errorf("%s: %s", when, got)
		}
	}
}

func TestNumbersOfYAMLAreExact(t *testing.T) {
	t.Parallel()
	got, err := render(t, `json: { big: 12345678901234567890123, price: 1.50, id: 7615917337495251001, million: 1000000.0, under: 1_000, hex: 0xff }`)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := json.Marshal(got.JSON)
	want := `{"big":12345678901234567890123,"hex":255,"id":7615917337495251001,"million":1000000.0,"price":1.50,"under":1000}`
	if string(raw) != want {
		t.Errorf("json %s, want %s", raw, want)
	}
}

// TestTextsAreCutByCharacters: len, [a:b], an index, indexOf and truncate count
// the same.
func TestTextsAreCutByCharacters(t *testing.T) {
	t.Parallel()
	for _, when := range []string{
		`"Größe"[0:3] == "Grö"`, `"Größe"[3:] == "ße"`, `"Größe"[-2:] == "ße"`, `"Größe"[:-1] == "Größ"`, `"Größe"[0:99] == "Größe"`, `"Größe"[4:2] == ""`,
		`data.name[0:2] == "日本"`, `data.name[1] == "本"`, `data.name[-1] == "語"`, `indexOf("Größe", "e") == 4`, `lastIndexOf("öö", "ö") == 1`, `indexOf("a", "b") == -1`,
		`truncate("Größe", 3) == "Gr…"`, `truncate("Größe", 5) == "Größe"`, `len(truncate(data.name, 2)) == 2`, `truncate(data.nope, 3) == ""`, `[1, 2, 3][1:] == [2, 3]`,
		`0 < int(answer("Seats")) <= 10`, `0 < len(invitees()) < 5 <= 5`, `1 < int(answer("Seats")) < len(filter(1..100, # > 2)) < 1000`,
		`duration("1h") < meeting.meetingStart - now() < duration("9999h")`,
	} {
		const body = `{"eventId":"e","eventType":"scheduling.smartscheduler.scheduled","eventTimestamp":"2026-03-01T10:00:00Z","data":{"id":"m","name":"日本語",
			"meetingStart":"2026-03-10T15:00:00Z","meetingInfo":{"primaryInvitee":"a@buyer.example","formValues":[{"question":"Seats","answerText":"7"}]}}}`
		if got := verdict(t, when, body); got != "true" {
			t.Errorf("%s: %s", when, got)
		}
	}
}
