package query

import (
	"net/url"
	"strconv"
)

// Page says which part of a short list is shown.
type Page struct {
	Number, Of    int
	Before, After string // addresses of the pages beside it; empty when there is none
}

// PageOf returns the part of a list that an address asks for with page, of up to
// most items. A number that does not exist is the nearest one.
func PageOf[T any](all []T, values url.Values, most int) ([]T, Page) {
	p := Page{Number: 1, Of: max(1, (len(all)+most-1)/most)}
	if n, err := strconv.Atoi(values.Get("page")); err == nil {
		p.Number = min(max(n, 1), p.Of)
	}
	at := func(n int) string {
		if n < 1 || n > p.Of {
			return ""
		}
		v := url.Values{}
		for name := range values {
			v.Set(name, values.Get(name))
		}
		v.Del("done")
		v.Set("page", strconv.Itoa(n))
		return "?" + v.Encode()
	}
	p.Before, p.After = at(p.Number-1), at(p.Number+1)
	from := (p.Number - 1) * most
	return all[from:min(from+most, len(all))], p
}
