package usage

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/pflag"
)

// whole is a flag value that is a whole number and not too low.
type whole struct {
	value *int
	least int
}

func (w *whole) String() string {
	if w.value == nil { // pflag asks the zero value
		return "0"
	}
	return strconv.Itoa(*w.value)
}

func (w *whole) Type() string { return "int" }

func (w *whole) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil {
		return errWhole
	}
	if n < w.least {
		return fmt.Errorf("write %d or more", w.least)
	}
	*w.value = n
	return nil
}

var errWhole = errors.New("write a whole number")

// Whole adds a flag for a whole number that is at least so much; its default may
// be lower.
func Whole(flags *pflag.FlagSet, value *int, name string, normal, least int, help string) {
	*value = normal
	flags.Var(&whole{value, least}, name, help)
}
