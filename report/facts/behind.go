package facts

import (
	"context"
	"math"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// unsettled is how many blocks may wait for events that appear late.
const unsettled = 24

// Behind returns how many of the stored events lack their facts, and how many
// events there are: all for a zero since, otherwise those that are to be read for events
// received since then. The newest, which have none yet, are not among them.
func Behind(ctx context.Context, src Source, since time.Time) (missing, all int, err error) {
	n, err := src.Numbers(ctx)
	if err != nil || n.First == 0 {
		return 0, 0, err
	}
	saved := map[int64]time.Time{}
	if err := eachSaved(ctx, src, func(f event.Facts) { saved[f.Block] = f.Newest }); err != nil {
		return 0, 0, err
	}
	top := n.Last/width - 1
	if n.Loose {
		top -= unsettled
	}
	for number := top; number >= n.First/width; number-- {
		newest, ok := saved[number]
		if ok && newest.Before(since) {
			break
		}
		if all += width; !ok {
			missing += width
		}
	}
	return missing, all, nil
}

// eachSaved lists all blocks without their data.
func eachSaved(ctx context.Context, src Source, do func(event.Facts)) error {
	const many = 5000
	never := time.UnixMicro(math.MaxInt64)
	for after := int64(-1); ; {
		list, err := src.Facts(ctx, after, never, many)
		if err != nil {
			return err
		}
		for _, f := range list {
			after = f.Block
			do(f)
		}
		if len(list) < many {
			return nil
		}
	}
}
