package facts

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report"
)

// format is the first byte of a block.
const format = 1

// sumSize is the size of the checksum at the end of a block.
const sumSize = 4

// Years whose times can be counted in nanoseconds, as Fact.At is.
const firstYear, lastYear = 1700, 2200

// block collects the facts of the events of one block.
type block struct {
	events int // all of them, also those that are not counted
	newest time.Time
	who    map[report.Who]uint64
	list   []report.Who
	facts  []placed
	seen   [width / 64]uint64 // a bit for the number of each event
	odd    bool               // a time cannot be stored
}

// placed is a fact without pointers into the event, which would keep its body.
type placed struct {
	seq int64
	report.Fact
	who uint64
}

func newBlock() *block {
	return &block{who: map[report.Who]uint64{}}
}

// add adds an event. Its times are those that the store returns, which keeps
// when it was received in microseconds.
func (b *block) add(seq int64, ev *event.Event) {
	place, bit := seq%width/64, uint64(1)<<(seq%64)
	if b.seen[place]&bit != 0 {
		return
	}
	b.seen[place] |= bit
	b.events++
	received := ev.Received.Truncate(time.Microsecond)
	if received.After(b.newest) {
		b.newest = received
	}
	f, ok := report.FactOf(ev)
	if !ok {
		return
	}
	if f.At.Equal(f.Received) { // see event.Event.Arrive
		f.Ahead += f.At.Sub(received)
		f.At = received
	}
	f.Received = received
	who, known := b.who[*f.Who]
	if !known {
		who = uint64(len(b.list))
		w := cloned(*f.Who)
		b.who[w] = who
		b.list = append(b.list, w)
	}
	f.Who = nil
	b.odd = b.odd || f.Received.Year() < firstYear || f.Received.Year() > lastYear
	b.facts = append(b.facts, placed{seq, f, who})
}

func cloned(w report.Who) report.Who {
	for _, text := range texts(&w) {
		*text = strings.Clone(*text)
	}
	return w
}

// texts are the texts of a Who in the order in which they are stored.
func texts(w *report.Who) [6]*string {
	return [...]*string{&w.Owner.UserID, &w.Owner.Username, &w.Owner.LastName, &w.Owner.FirstName, &w.CalendarPath, &w.CalendarURL}
}

// encode returns the block as it is stored: the owners and calendars, then the
// facts in the order of their numbers. Times are in nanoseconds, each stored as
// the difference to the one before.
func (b *block) encode() []byte {
	slices.SortFunc(b.facts, func(x, y placed) int { return int(x.seq - y.seq) })
	out := binary.AppendUvarint([]byte{format}, uint64(len(b.list)))
	for i := range b.list {
		for _, text := range texts(&b.list[i]) {
			out = binary.AppendUvarint(out, uint64(len(*text)))
			out = append(out, *text...)
		}
	}
	out = binary.AppendUvarint(out, uint64(len(b.facts)))
	at := int64(0)
	for _, f := range b.facts {
		kind := uint64(f.Kind) << 1
		if f.Dated {
			kind |= 1
		}
		out = binary.AppendUvarint(out, kind)
		out = binary.AppendUvarint(out, f.who)
		out = binary.AppendVarint(out, f.At.UnixNano()-at)
		at = f.At.UnixNano()
		out = binary.AppendVarint(out, f.Received.UnixNano()-at)
		if f.Dated {
			out = binary.AppendVarint(out, int64(f.Ahead))
		}
	}
	return binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(out))
}

// reading is a block that is decoded. What encode wrote cannot be cut short.
type reading struct{ rest []byte }

func (r *reading) unsigned() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.rest = r.rest[n:]
	return v
}

func (r *reading) signed() int64 {
	v, n := binary.Varint(r.rest)
	r.rest = r.rest[n:]
	return v
}

func (r *reading) text() string {
	n := r.unsigned()
	text := string(r.rest[:n])
	r.rest = r.rest[n:]
	return text
}

// whole reports whether data is what encode wrote, in this format.
func whole(data []byte) bool {
	if len(data) < 1+sumSize || data[0] != format {
		return false
	}
	content, sum := data[:len(data)-sumSize], data[len(data)-sumSize:]
	return crc32.ChecksumIEEE(content) == binary.LittleEndian.Uint32(sum)
}

// decode calls do for each fact of a block that is whole. who returns the shared
// Who of one.
func decode(data []byte, who func(report.Who) (*report.Who, error), do func(*report.Fact)) error {
	r := &reading{rest: data[1 : len(data)-sumSize]}
	list := make([]*report.Who, r.unsigned())
	for i := range list {
		var w report.Who
		for _, text := range texts(&w) {
			*text = r.text()
		}
		var err error
		if list[i], err = who(w); err != nil {
			return err
		}
	}
	at := int64(0)
	var f report.Fact
	for range r.unsigned() {
		kind := r.unsigned()
		f.Kind, f.Dated, f.Ahead = report.Kind(kind>>1), kind&1 == 1, 0
		f.Who = list[r.unsigned()]
		at += r.signed()
		f.At, f.Received = time.Unix(0, at), time.Unix(0, at+r.signed())
		if f.Dated {
			f.Ahead = time.Duration(r.signed())
		}
		do(&f)
	}
	return nil
}
