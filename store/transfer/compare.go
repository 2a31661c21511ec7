package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"

	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// tellRows is after how many rows the comparison tells how far it is.
const tellRows = 20_000

// compare reads both databases from start to end.
func compare(ctx context.Context, from, to Side, tell func(Progress)) ([]Copied, error) {
	var all []Copied
	for _, t := range Tables() {
		p := Progress{Table: t.Name, Comparing: true}
		var err error
		if p.Of, err = from.Count(ctx, t); err != nil {
			return nil, err
		}
		told := func(rows int64) {
			if p.Rows = rows; tell != nil {
				tell(p)
			}
		}
		here, err := digest(ctx, from, t, told)
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", t.Name, err)
		}
		there, err := digest(ctx, to, t, func(int64) {})
		switch {
		case err != nil:
			return nil, fmt.Errorf("compare %s: %w", t.Name, err)
		case here.Rows != there.Rows:
			return nil, fmt.Errorf("%s has %d rows in the source and %d in the target: the source was changed since the copy began; copy it again into an empty database", t.Name, here.Rows, there.Rows)
		case here.Hash != there.Hash:
			return nil, fmt.Errorf("%s has other rows in the source than in the target: the source was changed since the copy began; copy it again into an empty database", t.Name)
		}
		p.Done = true
		told(here.Rows)
		all = append(all, here)
	}
	return all, nil
}

func digest(ctx context.Context, s Side, t Table, tell func(rows int64)) (Copied, error) {
	sum, c := sha256.New(), Copied{Table: t.Name}
	err := s.Rows(ctx, t, nil, func(row []any) error {
		for _, v := range row {
			add(sum, v)
		}
		if c.Rows++; c.Rows%tellRows == 0 {
			tell(c.Rows)
		}
		return nil
	})
	c.Hash = hex.EncodeToString(sum.Sum(nil))
	return c, err
}

// add adds a value with its kind and length, so that no two rows look alike.
func add(sum hash.Hash, v any) {
	var head [9]byte
	write := func(kind byte, n uint64, data []byte) {
		head[0] = kind
		binary.BigEndian.PutUint64(head[1:], n)
		sum.Write(head[:])
		sum.Write(data)
	}
	switch v := v.(type) {
	case nil:
		write('0', 0, nil)
	case int64:
		write('i', uint64(v), nil)
	case bool:
		n := uint64(0)
		if v {
			n = 1
		}
		write('b', n, nil)
	case string:
		v = ledger.Clean(v)
		write('t', uint64(len(v)), []byte(v))
	case []byte:
		write('x', uint64(len(v)), v)
	}
}
