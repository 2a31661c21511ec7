package revisions_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/revisions"
)

// shelf is a store of revisions that counts how often it is asked.
type shelf struct {
	asked   []string
	missing bool
}

func (s *shelf) Revision(_ context.Context, revision string) ([]byte, error) {
	s.asked = append(s.asked, revision)
	if s.missing {
		return nil, event.ErrNotFound
	}
	return []byte(revision), nil
}

type bundle struct {
	store   *shelf
	current *rules.Set
	failing error
	cache   *revisions.Cache
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{store: &shelf{}}
	b.cache = revisions.New(b.store, func() *rules.Set { return b.current }, func(sources []byte) (*rules.Set, error) {
		if b.failing != nil {
			return nil, b.failing
		}
		return &rules.Set{Revision: string(sources)}, nil
	})
	return b
}

// get asks for a revision and reports how often the store was asked.
func (b *bundle) get(t *testing.T, revision string) int {
	t.Helper()
	before := len(b.store.asked)
	set, err := b.cache.Set(t.Context(), revision)
	if err != nil || set == nil || set.Revision != revision {
		t.Fatalf("revision %s is %+v: %v", revision, set, err)
	}
	return len(b.store.asked) - before
}

func TestRevisionsAreCompiledOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if b.cache.Kept("one") != nil {
		t.Error("a new cache holds a set")
	}
	if first, second := b.get(t, "one"), b.get(t, "one"); first != 1 || second != 0 {
		t.Errorf("the store was asked %d times, then %d", first, second)
	}
	if kept := b.cache.Kept("one"); kept == nil || kept.Revision != "one" || b.cache.Kept("two") != nil {
		t.Errorf("kept are %+v and %+v", kept, b.cache.Kept("two"))
	}
	b.cache.Forget()
	if b.cache.Kept("one") != nil {
		t.Error("a set is still there")
	}
	if again := b.get(t, "one"); again != 1 {
		t.Errorf("the store was asked %d times after forgetting", again)
	}
}

// TestRulesInForceAreNotCompiled: they are at hand already.
func TestRulesInForceAreNotCompiled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.current = &rules.Set{Revision: "now"}
	if asked := b.get(t, "now"); asked != 0 || b.cache.Kept("now") != b.current {
		t.Errorf("the store was asked %d times", asked)
	}
	if asked := b.get(t, "before"); asked != 1 {
		t.Errorf("the store was asked %d times for another revision", asked)
	}
}

func TestRevisionsThatCannotBeHad(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store.missing = true
	set, err := b.cache.Set(t.Context(), "gone")
	if set != nil || !errors.Is(err, event.ErrNotFound) || err.Error() != "rules of revision gone: "+event.ErrNotFound.Error() {
		t.Errorf("a revision that is not stored: %+v, %v", set, err)
	}
	b.store.missing, b.failing = false, errors.New("the file is gone")
	set, err = b.cache.Set(t.Context(), "broken")
	if set != nil || !errors.Is(err, b.failing) || err.Error() != "rules of revision broken: the file is gone" {
		t.Errorf("a revision that does not compile: %+v, %v", set, err)
	}
	if b.cache.Kept("gone") != nil || b.cache.Kept("broken") != nil {
		t.Error("what failed is kept")
	}
}

// TestOldRevisionsMakeRoom: 32 stay; one more costs the one that was compiled
// first.
func TestOldRevisionsMakeRoom(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 32 {
		b.get(t, fmt.Sprint(i))
	}
	for i := range 32 {
		if b.get(t, fmt.Sprint(i)) != 0 {
			t.Errorf("revision %d of 32 is gone", i)
		}
	}
	b.get(t, "32")
	if b.cache.Kept("0") != nil || b.cache.Kept("1") == nil || b.cache.Kept("32") == nil {
		t.Error("not the first one is gone")
	}
	b.cache.Forget()
	for i := range 32 {
		b.get(t, fmt.Sprint(i))
	}
	if b.cache.Kept("0") == nil {
		t.Error("what was forgotten takes room")
	}
}

// TestTwoAskAtOnce: a revision that two compile at once takes the room of one.
func TestTwoAskAtOnce(t *testing.T) {
	t.Parallel()
	store := &shelf{}
	var cache *revisions.Cache
	inner := true
	cache = revisions.New(store, func() *rules.Set { return nil }, func(sources []byte) (*rules.Set, error) {
		if inner && string(sources) == "0" {
			inner = false
			if _, err := cache.Set(t.Context(), "0"); err != nil {
				t.Error(err)
			}
		}
		return &rules.Set{Revision: string(sources)}, nil
	})
	for i := range 32 {
		if _, err := cache.Set(t.Context(), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if cache.Kept("0") == nil {
		t.Error("it takes the room of two")
	}
}
