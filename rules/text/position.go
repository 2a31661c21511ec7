// Package text has rules files as written: their text, positions in it, and
// findings that point at a position with a caret. It knows YAML but not rules.
package text

import "strconv"

// Position is a place in a rules file. Line and Column count from 1; 0 means
// unknown. Columns count characters, not bytes.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// String returns file:line:column without unknown parts.
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
