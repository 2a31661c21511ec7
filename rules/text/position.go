// Package text is a rules file as its author wrote it: its text, its places, and
// findings that point at them with a caret. It knows YAML and nothing of rules.
package text

import "strconv"

// Position is a place in a rules file. Line and Column count from 1; 0 means
// unknown. Columns count characters, not bytes.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// String is file:line:column without the parts that are unknown.
func (p Position) String() string {
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
		if p.Column > 0 {
			s += ":" + strconv.Itoa(p.Column)
		}
	}
	return s
}

func Quote(s string) string { return strconv.Quote(s) }
