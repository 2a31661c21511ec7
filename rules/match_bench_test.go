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

// BenchmarkMatch: the cost of an event must grow with the rules of its type,
// not with all rules. checked/op is how many conditions were evaluated.
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

// TestMatchCostGrowsWithItsType counts what a benchmark would only show: rules
// of other types cost an event no allocation and no evaluation.
func TestMatchCostGrowsWithItsType(t *testing.T) {
	few, many := load(t, manyRules(10)), load(t, strings.Replace(manyRules(1000), "rule-0\n", "first\n", 1))
	ev := sampleEvent(t)
	perRule := func(set *rules.Set, checked int) float64 {
		return testing.AllocsPerRun(100, func() { set.Match(ev) }) / float64(checked)
	}
	if a, b := perRule(few, 1), perRule(many, 100); b > a {
		t.Errorf("allocations per checked rule grow from %.2f to %.2f", a, b)
	}
}
