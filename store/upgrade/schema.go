// Package upgrade changes the tables of a database step by step, and knows
// which versions of Gavel can use them.
//
//	schema   the number of the newest step that was applied to a database
//	since    the oldest schema whose programs can still use a database; a
//	         database tells that to programs which do not know its newest steps
//
// A step that only adds what older programs ignore (expand) keeps since as it
// was; one that removes or changes what they use (contract) raises it. See
// docs/decisions/0024-expand-and-contract.md.
package upgrade

import (
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

// Dialect is how a kind of database names and finds its tables.
type Dialect struct {
	goose    goose.Dialect
	versions string // the table of goose
	notes    string // the table of notes, see notes.go
	tables   string // the query for the names of all tables of Gavel
	one, two string // arguments of a statement
	// grant lets whoever could read the other tables before read the notes, too:
	// even a program that only reads begins with them. They tell of no events.
	grant string
}

// SQLite is the dialect of SQLite.
func SQLite() Dialect {
	return Dialect{goose.DialectSQLite3, "migrations", "notes", "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'", "?1", "?2", ""}
}

// Postgres is the dialect of PostgreSQL.
func Postgres() Dialect {
	const tables = `SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' AND c.relname LIKE 'gavel\_%' AND pg_table_is_visible(c.oid)`
	return Dialect{goose.DialectPostgres, "gavel_migrations", "gavel_notes", tables, "$1", "$2", "GRANT SELECT ON gavel_notes TO PUBLIC"}
}

// Since names the oldest program that can use a database.
type Since struct {
	Schema  int64
	Version string // of Gavel; empty before the first release
}

// Step is one migration.
type Step struct {
	Version int64
	Name    string // such as told
	About   string // what it is for, a sentence or more
	Since   Since

	text string
}

// FirstReleased is the schema of Gavel 0.1.0. The steps up to it ran before there
// was a release, so none of them says which programs can use its result.
const FirstReleased = 21

const firstVersion = "0.1.0"

// Schema is the steps of one kind of database.
type Schema struct {
	dialect Dialect
	files   fs.FS
	steps   []Step
}

// New reads the steps of a folder of migrations.
func New(d Dialect, files fs.FS) (*Schema, error) {
	entries, err := fs.Glob(files, "*.sql") // sorted
	if err != nil {
		return nil, err
	}
	s := &Schema{dialect: d, files: files}
	for _, name := range entries {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		step, err := readStep(name, string(raw))
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		s.steps = append(s.steps, step)
	}
	return s, nil
}

// Steps returns all steps, the oldest first.
func (s *Schema) Steps() []Step { return s.steps }

// Newest returns the schema that this program needs.
func (s *Schema) Newest() int64 { return s.steps[len(s.steps)-1].Version }

var sinceLine = regexp.MustCompile(`^Since: (\S+) \(schema (\d+)\)$`)

func readStep(name, text string) (Step, error) {
	number, title, _ := strings.Cut(strings.TrimSuffix(name, ".sql"), "_")
	version, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return Step{}, fmt.Errorf("its name must begin with its number: %w", err)
	}
	step := Step{Version: version, Name: title, text: text}
	var about []string
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "--")
		comment = strings.TrimSpace(comment)
		if !ok {
			break
		}
		if found := sinceLine.FindStringSubmatch(comment); found != nil {
			step.Since.Version = found[1]
			step.Since.Schema, _ = strconv.ParseInt(found[2], 10, 64) // digits
		} else if !strings.HasPrefix(comment, "+goose") {
			about = append(about, comment)
		}
	}
	step.About = strings.Join(about, " ")
	switch {
	case version < FirstReleased:
		step.Since = Since{Schema: version}
	case version == FirstReleased:
		step.Since = Since{Schema: version, Version: firstVersion}
	case step.Since.Schema == 0:
		return Step{}, fmt.Errorf(`it must say which programs can use the database afterwards, such as "-- Since: %s (schema %d)"`, firstVersion, FirstReleased)
	case step.Since.Schema > version:
		return Step{}, fmt.Errorf("no program older than schema %d exists that needs schema %d", version, step.Since.Schema)
	}
	return step, nil
}

// Tables returns which of some tables a step names.
func (s Step) Tables(all []string) []string {
	var named []string
	for _, table := range all {
		if regexp.MustCompile(`\b` + regexp.QuoteMeta(table) + `\b`).MatchString(s.text) {
			named = append(named, table)
		}
	}
	return named
}
