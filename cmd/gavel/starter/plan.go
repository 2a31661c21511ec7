package starter

import (
	"crypto/rand"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/cmd/gavel/signature"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/ruleset"
)

//go:embed files
var templates embed.FS

// Answers to where Gavel will run, and the short name of the default database.
const (
	placeSystemd = "systemd"
	placeCompose = "compose"
	placeNone    = "none"

	databaseSQLite = "sqlite"
)

// placeholderStart begins the values in gavel.env that are still to be filled
// in.
const placeholderStart = "replace-"

// Plan says what to write.
type Plan struct {
	Dir      string // absolute
	With     string // see destinations
	For      string // see places
	Database string // URL; for a path of its own that of the place
	Token    string // of the console
	Program  string // path of gavel
	Unit     string // path of the unit that a package has installed; empty without one
}

// file is one file to write.
type file struct {
	name, about string
	content     []byte
	mode        os.FileMode
}

// allNames are the names of all files that init may write.
func allNames() []string {
	return []string{"rules.yaml", "rules_test.yaml", "rules.schema.json", "gavel.env", "gavel.service", "compose.yaml", ".gitignore"}
}

// free returns an error that names the files that exist already.
func (p *Plan) free() error {
	info, err := os.Stat(p.Dir)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%q is a file: name a folder; nothing was written", p.Dir)
	}
	var there []string
	for _, name := range allNames() {
		if _, err := os.Lstat(filepath.Join(p.Dir, name)); err == nil {
			there = append(there, name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if len(there) > 0 {
		return existError(p.Dir, there)
	}
	return nil
}

func existError(dir string, there []string) error {
	verb := "exists"
	if len(there) > 1 {
		verb = "exist"
	}
	return fmt.Errorf("%s in %s %s already: nothing was written; name another folder, or move them away", strings.Join(there, ", "), dir, verb)
}

// checkDatabase checks an answer to which database.
func checkDatabase(s string) error {
	switch {
	case s == databaseSQLite:
		return nil
	case strings.HasPrefix(s, "sqlite:") && len(s) > len("sqlite:"), strings.HasPrefix(s, "postgres://"), strings.HasPrefix(s, "postgresql://"):
		if strings.ContainsAny(s, "'\r\n") {
			return usage.Errorf("--database: write a quotation mark in the address as %%27")
		}
		return nil
	}
	return usage.Errorf("--database: %q is neither sqlite, sqlite:PATH nor postgres://USER:PASSWORD@HOST/NAME", s)
}

// databaseFor gives the short name of a database the URL that it has where
// Gavel runs.
func databaseFor(s, where string) string {
	switch {
	case s != databaseSQLite:
		return s
	case where == placeSystemd:
		return "sqlite:/var/lib/gavel/gavel.db"
	case where == placeCompose:
		return "sqlite:/data/gavel.db"
	}
	return "sqlite:gavel.db"
}

// check refuses paths that a unit cannot name.
func (p *Plan) check() error {
	for _, path := range []string{p.Dir, p.Program} {
		if p.For == placeSystemd && strings.ContainsAny(path, " \t\r\n%\"'\\$") {
			return usage.Errorf("a systemd unit cannot name the path %q: use a folder without spaces and special characters; nothing was written", path)
		}
	}
	return nil
}

// newToken returns 256 random bits as text.
func newToken() (string, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// files returns all files with their contents.
func (p *Plan) files() ([]file, error) {
	schema, err := ruleset.Schema()
	if err != nil {
		return nil, err
	}
	list := []file{
		{name: "rules.yaml", about: "your rules, with comments", content: p.template(p.With + ".yaml")},
		{name: "rules_test.yaml", about: "tests of the rules", content: p.template(p.With + "_test.yaml")},
		{name: "rules.schema.json", about: "completes keys in editors", content: schema},
		{name: "gavel.env", about: "settings and secrets; only you can read it", content: []byte(p.environment()), mode: 0o600},
	}
	switch p.For {
	case placeSystemd:
		if p.Unit != "" {
			break // a second one would hide it, also from upgrades of the package
		}
		list = append(list, file{name: "gavel.service", about: "the systemd unit", content: p.unit()})
	case placeCompose:
		list = append(list, file{name: "compose.yaml", about: "the compose file", content: p.template("compose.yaml")})
	}
	return append(list, file{name: ".gitignore", about: "keeps secrets and data out of git", content: p.template("gitignore")}), nil
}

func (p *Plan) template(name string) []byte {
	raw, err := templates.ReadFile("files/" + name)
	if err != nil {
		panic(err) // it is part of the program
	}
	return raw
}

// toFill are the variables whose values are placeholders.
func (p *Plan) toFill() []string {
	var out []string
	for _, v := range p.variables() {
		if strings.Contains(v.value, placeholderStart) {
			out = append(out, v.name)
		}
	}
	return out
}

// next are the commands to go on with.
func (p *Plan) next(dir string) []string {
	lines := []string{}
	if dir != "." {
		lines = append(lines, "cd "+signature.ShellWord(dir))
	}
	lines = append(lines, "gavel check rules.yaml --env-file gavel.env && gavel test")
	switch p.For {
	case placeSystemd:
		if p.Unit != "" {
			return append(lines, p.nextPackaged()...)
		}
		return append(lines, "sudo cp gavel.service /etc/systemd/system/ && sudo systemctl enable --now gavel")
	case placeCompose:
		return append(lines, "docker compose up -d")
	}
	return append(lines, "gavel serve --env-file gavel.env")
}

// try is a command that shows that an event arrives, once Gavel runs; empty if
// the secret is not in gavel.env any more.
func (p *Plan) try() string {
	if p.For == placeSystemd && p.Unit != "" {
		return ""
	}
	return "gavel send --env-file gavel.env --event developer.webhook.test"
}

// note says what to know about the folder; empty when there is nothing.
func (p *Plan) note() string {
	if p.For != placeSystemd {
		return ""
	}
	if p.Unit != "" {
		return "The package has installed " + p.Unit + ", so no second unit was written. That one reads " +
			packagedRules + " and " + packagedEnvironment + "; change it with: sudo systemctl edit gavel"
	}
	var notes []string
	if hidden(p.Dir) {
		notes = append(notes, "A service cannot read "+p.Dir+": move the folder, such as to /etc/gavel, and write the new paths into gavel.service.")
	}
	if hidden(p.Program) {
		notes = append(notes, "A service cannot run "+p.Program+": copy it, such as to /usr/local/bin/gavel, and write that path into gavel.service.")
	}
	return strings.Join(notes, "\n")
}

// hidden reports whether the sandbox of the unit hides a path.
func hidden(path string) bool {
	return slices.ContainsFunc([]string{"/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/"}, func(h string) bool { return strings.HasPrefix(path+"/", h) })
}
