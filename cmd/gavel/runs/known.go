package runs

import (
	"errors"
	"fmt"

	"github.com/gavel-rules/gavel/event"
)

// pointed adds to the error of an unknown run where to find it.
func pointed(err error) error {
	if errors.Is(err, event.ErrNotFound) {
		return fmt.Errorf("%w; \"gavel runs list\" shows what is stored", err)
	}
	return err
}
