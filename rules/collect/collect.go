// Package collect counts and lists the events that a rule with a schedule
// reports on. It reads each event once and keeps a bounded amount, however many
// there are.
package collect

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
)

// Bounds of what is kept. Counts are exact beyond them.
const (
	MaxRows     = 20_000
	MaxRowBytes = 4 << 20 // of all rows together, as CSV: a mail may have 5 MiB attached
	MaxKeys     = 10_000  // of all counts together
	maxKeyText  = 200     // characters of a key
	// Others is the key that counts what has none of its own, because there are
	// too many.
	Others = "(others)"
)

// Named is an expression that is evaluated for each event.
type Named struct {
	Name string
	Expr values.Expr
}

// Spec says what is collected.
type Spec struct {
	// Events are types and patterns as written.
	Events []string
	// When is the condition of an event, nil for all of them.
	When *values.Condition
	// Since is how far back from the moment that it is due; 0 means since the last
	// run.
	Since time.Duration
	// By are what is counted by, Row the columns of a row.
	By, Row []Named

	row reflect.Type // a struct; nil without Row
}

// Finish completes the Spec when everything is compiled.
func (s *Spec) Finish() {
	if len(s.Row) == 0 {
		return
	}
	fields := make([]reflect.StructField, len(s.Row))
	for i, c := range s.Row {
		fields[i] = reflect.StructField{
			Name: "C" + string(rune('A'+i/26)) + string(rune('A'+i%26)), Type: typeOf(c.Expr.Kind()),
			Tag: reflect.StructTag(`expr:"` + c.Name + `" json:"` + c.Name + `"`),
		}
	}
	s.row = reflect.StructOf(fields)
}

func typeOf(kind language.Kind) reflect.Type {
	switch kind {
	case language.KindText:
		return reflect.TypeFor[string]()
	case language.KindBool:
		return reflect.TypeFor[bool]()
	case language.KindTime:
		return reflect.TypeFor[time.Time]()
	}
	return reflect.TypeFor[any]() // numbers are exact, and may be absent
}

// Names are what expressions read as window.
func (s *Spec) Names() language.Collected {
	out := language.Collected{Rows: reflect.TypeFor[[]any]()}
	for _, n := range s.By {
		out.By = append(out.By, n.Name)
	}
	if s.row != nil {
		out.Rows = s.rows()
	}
	return out
}

func (s *Spec) rows() reflect.Type { return reflect.SliceOf(reflect.PointerTo(s.row)) }

// UsesData reports whether an expression of it uses the raw data of events.
func (s *Spec) UsesData() bool {
	uses := func(n Named) bool { return n.Expr.UsesData() }
	return s.When.UsesData() || slices.ContainsFunc(s.By, uses) || slices.ContainsFunc(s.Row, uses)
}

// Nothing is what expressions read if nothing was collected.
func (s *Spec) Nothing() map[string]any { return s.Start().Window(time.Time{}, time.Time{}) }

// Collector collects events. It is not safe for concurrent use.
type Collector struct {
	spec   *Spec
	count  int
	failed int
	reason string
	newest []event.Gathered
	by     []map[string]int
	others []int
	keys   int
	rows   reflect.Value // the zero Value without Row
	bytes  int
	left   int
}

// Start returns a new Collector.
func (s *Spec) Start() *Collector {
	c := &Collector{spec: s, by: make([]map[string]int, len(s.By)), others: make([]int, len(s.By))}
	for i := range c.by {
		c.by[i] = map[string]int{}
	}
	if s.row != nil {
		c.rows = reflect.MakeSlice(s.rows(), 0, 0)
	}
	return c
}

// Add collects the event of a scope if the condition holds. What cannot be
// evaluated is counted: an event whose condition fails is left out, one of whose
// other expressions fails has nothing there.
func (c *Collector) Add(s *language.Scope) {
	if c.spec.When != nil {
		holds, err := c.spec.When.Eval(s)
		if err != nil {
			c.fail(err)
			return
		}
		if !holds {
			return
		}
	}
	c.count++
	if len(c.newest) == 2*event.GatherAtMost {
		c.newest = append(c.newest[:0], c.newest[event.GatherAtMost:]...)
	}
	c.newest = append(c.newest, event.Gather(s.Event))
	var failed error
	for i, n := range c.spec.By {
		key, err := n.Expr.Key(s)
		failed = cmp.Or(failed, err)
		c.tally(i, text.Clip(key, maxKeyText))
	}
	if c.spec.row != nil {
		failed = cmp.Or(failed, c.addRow(s))
	}
	if failed != nil {
		c.fail(failed)
	}
}

// Unreadable counts an event that cannot be read.
func (c *Collector) Unreadable(err error) { c.fail(err) }

func (c *Collector) fail(err error) {
	if c.failed++; c.reason == "" {
		c.reason = err.Error()
	}
}

func (c *Collector) tally(i int, key string) {
	if _, known := c.by[i][key]; !known {
		if c.keys == MaxKeys {
			c.others[i]++
			return
		}
		c.keys++
	}
	c.by[i][key]++
}

func (c *Collector) addRow(s *language.Scope) (failed error) {
	if c.rows.Len() == MaxRows || c.bytes >= MaxRowBytes {
		c.left++
		return nil
	}
	row, size := reflect.New(c.spec.row), 0
	for i, column := range c.spec.Row {
		v, err := column.Expr.Eval(s)
		failed = cmp.Or(failed, err)
		if err != nil || v == nil {
			size++
			continue
		}
		cell := row.Elem().Field(i)
		if given := reflect.ValueOf(v); given.Type().AssignableTo(cell.Type()) {
			cell.Set(given)
		} else {
			cell.Set(reflect.Zero(cell.Type()))
		}
		size += len(eval.Display(v)) + 1
	}
	if c.bytes += size; c.bytes > MaxRowBytes {
		c.left++
		return failed
	}
	c.rows = reflect.Append(c.rows, row)
	return failed
}

// Count is how many events were collected.
func (c *Collector) Count() int { return c.count }

// Newest are the newest events.
func (c *Collector) Newest() *event.Gathering {
	return &event.Gathering{Count: c.count, Events: c.last()}
}

func (c *Collector) last() []event.Gathered {
	return c.newest[max(0, len(c.newest)-event.GatherAtMost):]
}

// Notes say in words what is not there.
func (c *Collector) Notes() []string {
	var out []string
	if c.failed > 0 {
		out = append(out, "could not be evaluated for "+count(c.failed, "event")+": "+c.reason)
	}
	if c.left > 0 {
		out = append(out, count(c.left, "row")+" left out: at most "+count(MaxRows, "row")+" and 4 MiB are kept")
	}
	for i, n := range c.others {
		if n > 0 {
			out = append(out, count(n, "event")+" of by."+c.spec.By[i].Name+" counted as "+Others+": at most "+count(MaxKeys, "key")+" are kept")
		}
	}
	return out
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return eval.Display(n) + " " + what
}

// Window is what expressions read as window.
func (c *Collector) Window(since, until time.Time) map[string]any {
	by := make(map[string]any, len(c.by))
	for i, n := range c.spec.By {
		by[n.Name] = c.highestFirst(i)
	}
	out := map[string]any{
		"count": c.count, "events": c.last(), "since": since, "until": until, "by": by,
		"rows": []any{}, "rows_left_out": c.left, "failed": c.failed,
	}
	if c.rows.IsValid() {
		out["rows"] = c.rows.Interface()
	}
	return out
}

func (c *Collector) highestFirst(i int) []event.KeyCount {
	out := make([]event.KeyCount, 0, len(c.by[i])+1)
	for key, n := range c.by[i] {
		out = append(out, event.KeyCount{Key: key, Count: n})
	}
	slices.SortFunc(out, func(a, b event.KeyCount) int {
		return cmp.Or(b.Count-a.Count, strings.Compare(a.Key, b.Key))
	})
	if c.others[i] > 0 {
		out = append(out, event.KeyCount{Key: Others, Count: c.others[i]})
	}
	return out
}
