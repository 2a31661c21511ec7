package tables

import (
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/rules/text"
)

// IsTable reports whether a file is a table.
func IsTable(name string) bool { return strings.EqualFold(filepath.Ext(name), ".csv") }

// Path returns the path of a table that a rules file names, and why it is not
// allowed, if so: a table is beside the rules or below.
func Path(rules, name string) (path, problem string) {
	clean := filepath.Clean(filepath.FromSlash(name))
	switch {
	case !IsTable(name):
		return "", "is not a *.csv file"
	case filepath.IsAbs(clean) || strings.HasPrefix(filepath.ToSlash(clean), "../"):
		return "", "is outside of the folder of the rules"
	case strings.HasPrefix(filepath.Base(clean), "."):
		return "", "is a hidden file"
	}
	return filepath.Join(filepath.Dir(rules), clean), ""
}

// ReadFiles reads the tables that rules files name. Those that cannot be read
// are left out, with the reason by path: the rules report it where they name
// the table.
func ReadFiles(sources []text.Source) (found []text.Source, reasons map[string]string) {
	reasons = map[string]string{}
	seen := map[string]bool{}
	total := 0
	for _, s := range sources {
		for _, name := range Named(s) {
			path, problem := Path(s.Name, name)
			if problem != "" || seen[path] {
				continue
			}
			seen[path] = true
			table, reason := text.ReadTable(path, total)
			if reason != "" {
				reasons[path] = reason
				continue
			}
			total += len(table.Content)
			found = append(found, table)
		}
	}
	return found, reasons
}

// Named lists the files that a rules file names under tables. It is empty if the
// file cannot be parsed.
func Named(s text.Source) []string {
	if !strings.Contains(string(s.Content), "tables") {
		return nil
	}
	d := text.ParseDocument(s, &text.Collector{})
	if d == nil || d.Root == nil {
		return nil
	}
	quiet := func(*yaml.Node, string, string) {}
	var out []string
	for _, e := range text.EntriesOf(d.Root, quiet) {
		if e.Name != "tables" {
			continue
		}
		for _, table := range text.EntriesOf(e.Value, quiet) {
			switch v := text.Resolve(table.Value); v.Kind {
			case yaml.ScalarNode:
				out = append(out, v.Value)
			case yaml.MappingNode:
				for _, x := range text.EntriesOf(v, quiet) {
					if x.Name == "file" {
						out = append(out, x.Value.Value)
					}
				}
			}
		}
	}
	return out
}
