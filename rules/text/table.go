package text

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/dustin/go-humanize"
)

// maxTableSize is the largest size of one table, and maxTablesSize that of all
// together, in bytes.
const (
	maxTableSize  = 8 << 20
	maxTablesSize = 16 << 20
)

// ReadTable reads a *.csv file beside rules, or says why not. before is the size
// of those read so far. Like rules, it can be a link only to a file of its kind,
// because findings quote lines.
func ReadTable(path string, before int) (Source, string) {
	info, err := os.Stat(path)
	if err != nil {
		return Source{}, reason(err)
	}
	target, err := filepath.EvalSymlinks(path)
	switch {
	case err != nil:
		return Source{}, reason(err)
	case !strings.EqualFold(filepath.Ext(target), ".csv"):
		return Source{}, "links to a file that is not a *.csv file"
	case !info.Mode().IsRegular():
		return Source{}, "not a regular file"
	case info.Size() > maxTableSize:
		return Source{}, "the file is larger than " + humanize.IBytes(maxTableSize)
	case int64(before)+info.Size() > maxTablesSize:
		return Source{}, "all tables together are larger than " + humanize.IBytes(maxTablesSize)
	}
	content, err := readUpTo(path, maxTableSize)
	if err != nil {
		return Source{}, reason(err)
	}
	return Source{Name: path, Content: content}, ""
}

// CheckTable reports a table that is too large or not UTF-8 text.
func CheckTable(s Source) *Finding {
	if len(s.Content) > maxTableSize {
		return &Finding{
			Severity: SeverityError, Pos: Position{File: s.Name},
			Message: "the file is larger than " + humanize.IBytes(maxTableSize), Hint: "split it",
		}
	}
	return checkText(s)
}
