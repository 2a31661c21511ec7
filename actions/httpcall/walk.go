package httpcall

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

// list is the effect of an action with pages: a request for each page.
type list struct {
	*request
	pages *pages
	scope *language.Scope
}

// walk is one reading of a list from its first page on.
type walk struct {
	*list
	result *Pages
	seen   map[string]int // requests so far, and their pages
	gate   *privacy.Gate  // hides the credentials of the calls
	token  string         // of the last
	size   int64          // of the items, in bytes of JSON
	shown  []shownPage
}

// shownPage is a page in the history.
type shownPage struct {
	Status int     `json:"status"`
	Items  int     `json:"items"`
	Took   float64 `json:"milliseconds"`
}

// Do reads the pages one after the other. A failure of any fails the attempt,
// which begins at the first page again.
func (l *list) Do(ctx context.Context, d params.Delivery) (any, error) {
	w := l.begin()
	l.scope.Within(ctx)
	for r := l.request; r != nil; {
		number := w.result.Pages + 1
		if number > 1 && d.Again != nil {
			if err := d.Again(ctx); err != nil {
				return nil, w.failed(number, waited(ctx, err))
			}
		}
		began := time.Now()
		got, err := w.page(ctx, r, d, number)
		if err != nil && number == 1 {
			return nil, err
		}
		if err != nil {
			return nil, w.failed(number, err)
		}
		before := len(w.result.Items)
		next, err := w.turn(r, got.Result, got.from)
		if err != nil {
			return nil, w.failed(number, stopped(ctx, err))
		}
		w.shown = append(w.shown, shownPage{got.Status, len(w.result.Items) - before, float64(time.Since(began).Microseconds()) / 1000})
		r = next
	}
	w.note(d)
	return w.result, nil
}

// note notes what was read, for the history.
func (w *walk) note(d params.Delivery) {
	if d.Exchange == nil {
		return
	}
	raw, err := json.Marshal(struct {
		Read  []shownPage `json:"read"`
		Pages int         `json:"pages"`
		More  bool        `json:"more"`
		Items []any       `json:"items"`
	}{w.shown, w.result.Pages, w.result.More, w.result.Items})
	if err == nil {
		d.Exchange.Answered(w.gate.JSON(raw))
	}
}

// page asks for one page. The history has what was sent for the first, and what
// was answered when one failed.
func (w *walk) page(ctx context.Context, r *request, d params.Delivery, number int) (fetched, error) {
	own := d
	if number > 1 {
		own.Key, own.Exchange = fmt.Sprintf("%s-%d", d.Key, number), &params.Exchange{}
	}
	got, err := r.fetch(ctx, own)
	if seen := own.Exchange.Collected(); number > 1 && err != nil && seen.Reply != nil {
		d.Exchange.Answered(seen.Reply)
	}
	if token := got.pass.value; err == nil && (w.gate == nil || token != w.token) {
		w.gate, w.token = r.gate(got.pass).And(w.gate), token
	}
	return got, err
}

// Rehearse implements params.Rehearsed.
func (l *list) Rehearse(answer func() (any, *event.Failure)) (any, *event.Failure) {
	w := l.begin()
	for r := l.request; r != nil; {
		given, f := answer()
		if f != nil {
			return nil, f
		}
		got, ok := given.(*reply)
		switch {
		case !ok:
			return given, nil // what a run got, or nothing
		case got.whole != nil:
			return got.whole, nil
		}
		next, err := w.turn(r, &got.page, r.preview)
		if err != nil {
			return nil, w.failed(w.result.Pages, err)
		}
		r = next
	}
	return w.result, nil
}

func (l *list) begin() *walk {
	return &walk{list: l, result: &Pages{Items: []any{}}, seen: map[string]int{l.request.identity(): 1}}
}

// turn adds a page to the result. It returns the request for the next one; nil
// if this is the last.
func (w *walk) turn(r *request, got *Result, from *url.URL) (*request, error) {
	w.result.Pages++
	number := w.result.Pages
	if got.Truncated {
		return nil, event.Failf(event.CauseServer, false, "it is larger than %s, which is max_response", humanize.IBytes(uint64(r.maxResponse)))
	}
	w.scope.AddWord(eval.WordPage, &Page{Number: number, Status: got.Status, Headers: got.Headers, Body: got.Body})
	if err := w.add(got); err != nil {
		return nil, w.unread(got, err)
	}
	over, err := w.evaluate(w.pages.Until)
	if err == nil && over != nil && language.KindOfValue(over) != language.KindBool {
		err = w.pages.Until.Fail(fmt.Errorf("expected true or false, but this is %s", language.KindOfValue(over)))
	}
	if err != nil || over == true {
		return nil, w.unread(got, err)
	}
	to, err := w.next(got)
	if err != nil || to == nil {
		return nil, w.unread(got, err)
	}
	next, err := r.follow(from, to, w.pages.Cursor)
	if err != nil {
		return nil, err
	}
	identity := next.identity()
	if earlier := w.seen[identity]; earlier > 0 {
		return nil, event.Failf(event.CauseServer, false, "it leads back to page %d, so the list has no end", earlier)
	}
	if w.seen[identity] = number + 1; number == w.pages.Max {
		w.result.More = true
		return nil, nil
	}
	return next, nil
}

// add adds the items of a page.
func (w *walk) add(got *Result) error {
	items := got.Body
	if !w.pages.Items.IsZero() {
		var err error
		if items, err = w.evaluate(w.pages.Items); err != nil {
			return err
		}
	}
	var found []any
	switch x := items.(type) {
	case nil:
	case []any:
		found = x
	case []string:
		for _, one := range x {
			found = append(found, one)
		}
	default:
		if w.pages.Items.IsZero() {
			return event.Failf(event.CauseExpression, false, "its body is not a list but %s; say with pages.items where the list is", language.KindOfValue(items))
		}
		return w.pages.Items.Fail(fmt.Errorf("expected a list, but this is %s", language.KindOfValue(items)))
	}
	raw, err := eval.JsonText(found)
	if err != nil {
		return w.pages.Items.Fail(fmt.Errorf("the items cannot be kept: %w", err))
	}
	if w.size += int64(len(raw)); w.size > w.maxResponse {
		return event.Failf(event.CauseServer, false, "the items are larger than %s together, which is max_response; keep less of each, as in items: map(page.body.items, .id)",
			humanize.IBytes(uint64(w.maxResponse)))
	}
	w.result.Items = append(w.result.Items, found...)
	return nil
}

// next is where the next page is, or the cursor for it; nil if this is the last.
func (w *walk) next(got *Result) (any, error) {
	if w.pages.Next.IsZero() {
		if link := nextLink(got.Headers["link"]); link != "" {
			return link, nil
		}
		return nil, nil
	}
	v, err := w.evaluate(w.pages.Next)
	if err != nil || v == nil || v == "" {
		return nil, err
	}
	switch kind := language.KindOfValue(v); {
	case kind == language.KindText, kind == language.KindNumber && w.pages.Cursor != "":
		return v, nil
	case kind == language.KindNumber:
		return nil, w.pages.Next.Fail(errors.New("a number is not an address; with cursor: NAME it is put into the query"))
	default:
		return nil, w.pages.Next.Fail(fmt.Errorf("expected text or a number, but this is %s", kind))
	}
}

// evaluate evaluates an expression about the page in scope.
func (w *walk) evaluate(e values.Expr) (any, error) {
	if e.IsZero() {
		return nil, nil
	}
	return e.Eval(w.scope)
}

// unread adds to an error of an expression what the page is instead of JSON.
func (w *walk) unread(got *Result, err error) error {
	if err == nil {
		return nil
	}
	failure := event.Failure{Cause: event.CauseExpression, Text: err.Error(), Err: err}
	var f *event.Failure
	if errors.As(err, &f) {
		failure = *f
	}
	if got.Unparsed != "" {
		failure.Text += "; the page " + got.Unparsed
	}
	return &failure
}

// failed says at which page reading ended.
func (w *walk) failed(number int, err error) *event.Failure {
	var f *event.Failure
	if !errors.As(err, &f) {
		f = &event.Failure{Cause: event.CauseExpression, Text: err.Error(), Err: err}
	}
	out := *f
	out.Text = fmt.Sprintf("page %d: %s", number, f.Error())
	if out.Arrival == event.ArrivalNotSent && number > 1 {
		out.Arrival = event.Answered // the pages before were sent
	}
	return &out
}

// stopped turns an error of an expression for which there was no time left into a
// timeout.
func stopped(ctx context.Context, err error) error {
	var cut *language.StoppedError
	if !errors.As(err, &cut) {
		return err
	}
	return waited(ctx, err)
}

// waited is the failure of a list for which there was no time left.
func waited(ctx context.Context, err error) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	return &event.Failure{Cause: event.CauseTimeout, Retry: true, Arrival: event.Answered, Text: "no time was left for it; give the action a longer timeout, or read fewer pages", Err: err}
}
