package values

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
	"gopkg.in/yaml.v3"
)

// URL is an absolute URL, or a path below a connection's base URL. Path, query
// and fragment can contain values. Scheme, host, port and user must be literal or
// use only vars and env, which is checked at load.
type URL struct {
	source string
	pieces []urlPiece
	host   string
}

// urlPiece is literal text, or a value and the part of the URL it is in.
type urlPiece struct {
	literal string
	prog    *language.Program
	place   urlPlace
}

type urlPlace int

const (
	placeStart urlPlace = iota // up to the end of the host: literal only
	placePath
	placeQuery
	placeFragment
)

// Render inserts the values, percent-encoded. A value cannot add path segments
// or query parameters, and is never "." or "..".
func (u URL) Render(s *language.Scope) (string, error) {
	var b strings.Builder
	preview := false
	for _, p := range u.pieces {
		if p.prog == nil {
			b.WriteString(p.literal)
			continue
		}
		if p.prog.Unknown(s) != nil {
			preview = true
			b.WriteString(language.Placeholder(p.prog.Source))
			continue
		}
		v, err := p.prog.Run(s)
		if err != nil {
			return "", err
		}
		if err := p.prog.Present(v, language.KindText); err != nil {
			return "", err
		}
		out, err := encodeURLValue(v, p.place)
		if err != nil {
			return "", p.prog.Fail(err)
		}
		b.WriteString(out)
	}
	if preview {
		return b.String(), nil
	}
	if err := checkDots(b.String()); err != nil {
		return "", u.Fail(err)
	}
	return b.String(), nil
}

func (u URL) Fail(err error) error {
	for _, p := range u.pieces {
		if p.prog != nil {
			return p.prog.Fail(err)
		}
	}
	return err
}

var errEmptySegment = errors.New("is empty, which changes the path")

func encodeURLValue(v any, place urlPlace) (string, error) {
	text := eval.Display(v)
	if raw, ok := v.(eval.RawText); ok {
		text = raw.Text
		if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return "", errors.New("contains white space or a control character, not allowed in a URL")
		}
		return text, nil
	}
	switch place {
	case placeQuery:
		return url.QueryEscape(text), nil
	case placePath:
		if text == "" {
			return "", errEmptySegment
		}
	}
	return url.PathEscape(text), nil
}

// checkDots reports the path segments "." and "..".
func checkDots(u string) error {
	for _, segment := range strings.Split(pathOf(u), "/") {
		text, err := url.PathUnescape(segment)
		if err != nil {
			text = segment
		}
		if text == "." || text == ".." {
			return fmt.Errorf("makes the path segment %q, which changes the path", text)
		}
	}
	return nil
}

func pathOf(u string) string {
	if i := strings.IndexAny(u, "?#"); i >= 0 {
		u = u[:i]
	}
	if _, rest, ok := strings.Cut(u, "://"); ok {
		_, path, _ := strings.Cut(rest, "/")
		return path
	}
	return u
}

// IsZero reports whether it is not set.
func (u URL) IsZero() bool { return u.source == "" }

// Host returns the host, with its port if there is one, or "" for a path.
func (u URL) Host() string { return u.host }

// Source returns the URL as written.
func (u URL) Source() string { return u.source }

// Url compiles a URL field.
func (d *Reader) Url(n *yaml.Node, s string) URL {
	u := URL{source: s}
	parts, ok := d.parts(n, s)
	if !ok || s == "" {
		return u
	}
	var skeleton strings.Builder // with a letter for each value
	for _, p := range parts {
		place := placeIn(skeleton.String())
		if p.prog == nil {
			u.pieces = append(u.pieces, urlPiece{literal: p.literal})
			skeleton.WriteString(p.literal)
			continue
		}
		if place == placeStart {
			literal, ok := d.urlStart(p.prog)
			if !ok {
				return u
			}
			u.pieces = append(u.pieces, urlPiece{literal: literal})
			skeleton.WriteString(literal)
			continue
		}
		d.warnRaw(p.prog, "")
		d.warnTwice(p.prog, eval.EscapeURL, "a URL")
		u.pieces = append(u.pieces, urlPiece{prog: p.prog, place: place})
		skeleton.WriteString("x")
	}
	u.host = d.checkURL(n, skeleton.String())
	return u
}

// placeIn returns the part of a URL that follows start.
func placeIn(start string) urlPlace {
	rest := start
	if _, after, ok := strings.Cut(start, "://"); ok {
		rest = after
		if !strings.ContainsAny(rest, "/?#") {
			return placeStart
		}
	} else if !strings.HasPrefix(start, "/") || strings.HasPrefix(start, "//") {
		return placeStart
	}
	switch {
	case strings.Contains(rest, "#"):
		return placeFragment
	case strings.Contains(rest, "?"):
		return placeQuery
	}
	return placePath
}

// urlStart evaluates a value that decides where a request goes.
func (d *Reader) urlStart(p *language.Program) (string, bool) {
	width := len([]rune(p.Source))
	switch {
	case !p.Constant:
		d.FailAt(p.Pos, width, "the scheme, host and port of a URL cannot come from an event", "write them out, or use vars or env")
		return "", false
	case len(p.Raws) > 0:
		d.FailAt(p.Pos, width, "raw() cannot be used in the host of a URL", "remove raw()")
		return "", false
	}
	v, err := p.Run(d.Comp.Constants)
	if err != nil {
		d.FailAt(p.Pos, width, err.Error(), "")
		return "", false
	}
	return eval.Display(v), true
}

// checkURL checks the whole URL and returns its host.
func (d *Reader) checkURL(n *yaml.Node, skeleton string) string {
	bad := func(message, hint string) string {
		d.Fail(n, message, hint)
		return ""
	}
	parsed, err := url.Parse(skeleton)
	switch {
	case err != nil:
		var reason *url.Error
		if errors.As(err, &reason) {
			err = reason.Err
		}
		return bad("not a URL: "+err.Error(), "")
	case strings.HasPrefix(skeleton, "//"), parsed.Scheme == "" && !strings.HasPrefix(skeleton, "/"):
		return bad("a URL must begin with https://, http:// or, with a connection, with /", "")
	case parsed.Scheme != "" && parsed.Scheme != "http" && parsed.Scheme != "https":
		return bad("scheme "+text.Quote(parsed.Scheme)+" cannot be used in a URL", "use https or http")
	case parsed.Scheme != "" && parsed.Hostname() == "":
		return bad("the URL has no host", "")
	case checkDots(skeleton) != nil:
		return bad("the path has a segment . or ..", "write the path out")
	}
	return strings.ToLower(parsed.Host)
}
