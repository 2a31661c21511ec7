package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
)

// manyRules writes n rules of which a tenth is about scheduled meetings, each
// with a condition of three comparisons of which the last is false.
func manyRules(n int) string {
	others := []string{event.TypeCanceled, event.TypeRescheduled, event.TypeSettingChanged}
	var b strings.Builder
	b.WriteString("rules:\n")
	for i := range n {
		kind := others[i%len(others)]
		if i%10 == 0 {
			kind = event.TypeScheduled
		}
		fmt.Fprintf(&b, `  - name: rule-%d
    event: %s
    when: meeting.meetingOwner.username endsWith "@acme.example" && meeting.meetingInfo.meetingName contains "Demo" && meeting.meetingInfo.location == "room %d"
    actions:
      - note: { text: "${{ meeting.meetingInfo.meetingName }}" }
`, i, kind, i)
	}
	return b.String()
}

func sizes() []int { return []int{10, 100, 1_000, 10_000} }

// BenchmarkMatch: the cost of an event must grow neither with all rules nor with
// those of its type. checked/op is how many of its type there are.
func BenchmarkMatch(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			set := load(b, manyRules(n))
			ev := sampleEvent(b)
			b.ReportAllocs()
			for b.Loop() {
				if verdicts := set.Match(ev); len(verdicts) > 0 {
					b.Fatalf("%d rules match", len(verdicts))
				}
			}
			b.ReportMetric(float64(n)/10, "checked/op")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(float64(n)/10), "ns/checked")
		})
	}
}

// fewMatch writes n rules about scheduled meetings, of which ten match the
// sample event. Others have the same condition with other texts.
func fewMatch(n int, condition func(other string) string) string {
	var b strings.Builder
	b.WriteString("rules:\n")
	for i := range n {
		other := ""
		if i%(n/10) != 0 {
			other = fmt.Sprint("-", i)
		}
		fmt.Fprintf(&b, "  - { name: rule-%d, event: %s, when: '%s', actions: [ { note: { text: x } } ] }\n", i, event.TypeScheduled, condition(other))
	}
	return b.String()
}

// BenchmarkMatchFew: 10,000 rules of which ten match cost little more than those
// ten alone.
func BenchmarkMatchFew(b *testing.B) {
	const late = ` and meeting.meetingStart > now()`
	for _, c := range []struct {
		name      string
		condition func(other string) string
	}{
		{"equal", func(o string) string { return `meeting.meetingOwner.username == "olga@acme.example` + o + `"` + late }},
		{"in", func(o string) string {
			return `meeting.meetingOwner.username in ["x` + o + `", "olga@acme.example` + o + `"]` + late
		}},
		{"endsWith", func(o string) string { return `meeting.meetingOwner.username endsWith "` + o + `@acme.example"` + late }},
		{"data", func(o string) string {
			return `data.extra.vip == true and data.meetingOwner.userId == "u-1` + o + `"` + late
		}},
		{"contains", func(o string) string { return `meeting.meetingInfo.meetingName contains "Demo` + o + `"` + late }},
	} {
		for _, n := range []int{10, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				set, ev := load(b, fewMatch(n, c.condition)), sampleEvent(b)
				b.ReportAllocs()
				for b.Loop() {
					if verdicts := set.Match(ev); len(verdicts) != 10 {
						b.Fatalf("%d rules match", len(verdicts))
					}
				}
			})
		}
	}
}

// BenchmarkMatchOtherType: with no rule of the event's type, 10,000 rules cost
// what none cost.
func BenchmarkMatchOtherType(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			set := load(b, strings.ReplaceAll(manyRules(n), event.TypeScheduled, event.TypeCanceled))
			ev := sampleEvent(b)
			b.ReportAllocs()
			for b.Loop() {
				set.Match(ev)
			}
		})
	}
}

// BenchmarkLoad reads, checks and compiles rules.
func BenchmarkLoad(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			content := []byte(manyRules(n))
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				_, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: content}}, rules.Options{Kinds: kinds()})
				if findings.HasErrors() {
					b.Fatal(findings)
				}
			}
		})
	}
}

// TestMatchCostIsThatOfCandidates counts what a benchmark would only show:
// rules that an event cannot match cost it no allocation and no evaluation.
func TestMatchCostIsThatOfCandidates(t *testing.T) {
	few, many := load(t, manyRules(10)), load(t, strings.Replace(manyRules(1000), "rule-0\n", "first\n", 1))
	ev := sampleEvent(t)
	cost := func(set *rules.Set) float64 {
		return testing.AllocsPerRun(100, func() { set.Match(ev) })
	}
	if a, b := cost(few), cost(many); b > a {
		t.Errorf("allocations grow from %.2f to %.2f", a, b)
	}
}
