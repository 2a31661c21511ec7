package words

import (
	"slices"
	"strings"
	"time"
)

// Once is Pieces of a text that stands beside a time: where the text names the
// same moment again, it is left out, with the words that lead to it.
func Once(text string, beside time.Time) []Piece {
	var list []Piece
	for _, p := range Pieces(text) {
		last := len(list) - 1
		if same := !p.At.IsZero() && p.At.Equal(beside.Truncate(time.Second)); same && last >= 0 {
			if before, ok := withoutLead(list[last].Text); ok {
				list[last].Text = before
				continue
			}
		}
		switch {
		case p.At.IsZero() && p.Kind == "" && last >= 0 && list[last].At.IsZero() && list[last].Kind == "":
			if list[last].Text == "" {
				p.Text = strings.TrimPrefix(p.Text, ": ")
			}
			list[last].Text += p.Text
		default:
			list = append(list, p)
		}
	}
	return slices.DeleteFunc(list, func(p Piece) bool { return p.Text == "" && p.At.IsZero() })
}

// withoutLead removes the words that lead to a time from the end of a text; ok is
// false when there are none.
func withoutLead(text string) (before string, ok bool) {
	for _, lead := range []string{"waiting until ", " until ", " is ", " to ", ", due "} {
		if before, ok = strings.CutSuffix(text, lead); ok {
			return before, true
		}
	}
	return text, false
}
