package eval

import (
	"errors"
	"fmt"
	"regexp"
)

// ReplaceWord is the function that replaces by a regular expression.
const ReplaceWord = "regexReplace"

// searchWork is the cost of a search for a match, relative to asking whether
// there is one: it also finds where the groups are.
const searchWork = 4

// Pattern checks a regular expression that stands in the rules and keeps it
// compiled.
func (l *Library) Pattern(source string) error {
	size, err := PatternSize(source)
	switch {
	case err != nil:
		return fmt.Errorf("not a regular expression: %w", err)
	case size > MaxPattern:
		return errPattern
	}
	r, err := regexp.Compile(source)
	if err != nil {
		return fmt.Errorf("not a regular expression: %w", err)
	}
	l.patterns.Store(source, &pattern{r, size})
	return nil
}

type pattern struct {
	*regexp.Regexp
	size int
}

// compiled returns a pattern; one that does not stand in the rules costs work.
func (l *Library) compiled(b *Budget, source string) (*pattern, error) {
	if known, ok := l.patterns.Load(source); ok {
		return known.(*pattern), nil
	}
	if err := b.spend(patternWork); err != nil {
		return nil, err
	}
	size, err := PatternSize(source)
	if err != nil {
		return nil, fmt.Errorf("regexReplace(): %w", err)
	}
	if size > MaxPattern {
		return nil, errPattern
	}
	r, err := regexp.Compile(source)
	if err != nil {
		return nil, fmt.Errorf("regexReplace(): %w", err)
	}
	return &pattern{r, size}, nil
}

// regexReplace looks for more and more matches, and pays for each as if its
// search had read the whole text, which some patterns do.
func (l *Library) regexReplace(args ...any) (any, error) {
	b, _ := args[0].(*Budget)
	text, isText := orEmpty(args[1])
	source, isPattern := orEmpty(args[2])
	with, isReplacement := orEmpty(args[3])
	if !isText || !isPattern || !isReplacement {
		return nil, errors.New("regexReplace() needs text for all three; convert it with string(…)")
	}
	p, err := l.compiled(b, source)
	if err != nil {
		return nil, err
	}
	search := searchWork * weight(text) * (1 + p.size/PatternShare)
	for most := 8; ; most *= 2 {
		if err := b.spend(search * most); err != nil {
			return nil, err
		}
		found := p.FindAllStringSubmatchIndex(text, most)
		if len(found) < most {
			return p.replaced(text, with, found)
		}
	}
}

func (p *pattern) replaced(text, with string, found [][]int) (any, error) {
	out, end := make([]byte, 0, len(text)), 0
	for _, at := range found {
		out = append(out, text[end:at[0]]...)
		if out = p.ExpandString(out, with, text, at); len(out) > maxText {
			return nil, errTooMuch
		}
		end = at[1]
	}
	return string(append(out, text[end:]...)), nil
}
