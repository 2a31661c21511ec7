package ruleset

import (
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/gavel-rules/gavel/actions"
	"github.com/gavel-rules/gavel/actions/httpcall"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/tables"
	"github.com/gavel-rules/gavel/rules/text"
)

// Options say where rules come from and what they may use.
type Options struct {
	Paths []string // files or directories
	// EnvAllow lists names and patterns of environment variables that rules may
	// read; nil means all except Gavel's own.
	EnvAllow []string
	// Environ is the environment as NAME=VALUE; nil means os.Environ().
	Environ []string
	// SecretsDir is a folder whose files are additional variables for rules, or
	// empty.
	SecretsDir string
	// AllowHosts may be called even if no rule names them, whatever address they
	// resolve to.
	AllowHosts []string
	Logger     *slog.Logger // where log actions write; nil means nowhere
	Version    string

	// Tables are those that typed rules may use, as sources by the names of their
	// files.
	Tables []text.Source

	// OwnFiles contain Gavel's own secrets. Rules may not use them.
	OwnFiles []string

	// kinds are kept across reloads, with their open connections.
	kinds *params.Kinds
}

// Load reads, checks and compiles rules. The set is nil if a finding is an
// error.
func Load(o Options) (*rules.Set, text.Findings) {
	options, err := o.loadOptions()
	sources, unread, findings := readSources(o.Paths...)
	options.Unread = unread
	if err != nil {
		findings = append(findings, secretsFinding(err))
	}
	if findings.HasErrors() {
		return nil, findings
	}
	set, more := rules.Load(sources, options)
	return set, append(findings, more...)
}

// ReadSources reads rules files and the tables that they name.
func ReadSources(paths ...string) ([]text.Source, text.Findings) {
	sources, _, findings := readSources(paths...)
	return sources, findings
}

func readSources(paths ...string) ([]text.Source, map[string]string, text.Findings) {
	sources, findings := text.ReadSources(paths...)
	found, unread := tables.ReadFiles(sources)
	return append(sources, found...), unread, findings
}

func (o Options) loadOptions() (rules.Options, error) {
	environ := o.Environ
	if environ == nil {
		environ = os.Environ()
	}
	if o.kinds == nil {
		o.KeepConnections()
	}
	env := allowedEnvironment(environ, o.EnvAllow)
	err := o.addSecrets(env)
	return rules.Options{Kinds: *o.kinds, Env: env}, err
}

// Compile compiles the stored sources of an earlier revision.
func (o Options) Compile(sources []byte) (*rules.Set, error) {
	decoded, err := text.DecodeSources(sources)
	if err != nil {
		return nil, err
	}
	options, err := o.loadOptions()
	if err != nil {
		return nil, err
	}
	set, findings := rules.Load(decoded, options)
	if findings.HasErrors() {
		return nil, findings
	}
	return set, nil
}

// KeepConnections makes all loads with these options share open connections.
func (o *Options) KeepConnections() {
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	kinds := actions.Kinds(actions.Deps{Logger: log, UserAgent: "gavel/" + o.Version, AllowHosts: o.AllowHosts, KeyFiles: o.keyFiles()})
	o.kinds = &kinds
}

// keyFiles are the folders of private keys that rules may use: the secrets
// folder and those of the rules.
func (o *Options) keyFiles() httpcall.KeyFiles {
	files := httpcall.KeyFiles{Never: o.OwnFiles}
	if o.SecretsDir != "" {
		files.Dirs = append(files.Dirs, o.SecretsDir)
	}
	for _, path := range o.Paths {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			path = filepath.Dir(path)
		}
		files.Dirs = append(files.Dirs, path)
	}
	return files
}

// allowedEnvironment returns the variables whose names match a pattern, except
// Gavel's own, which contain its secrets.
func allowedEnvironment(environ, patterns []string) map[string]string {
	if patterns == nil {
		patterns = []string{"*"}
	}
	allowed := map[string]string{}
	for _, entry := range environ {
		name, value, ok := strings.Cut(entry, "=")
		if !ok || language.OwnVariable(name) {
			continue
		}
		for _, pattern := range patterns {
			if match, err := path.Match(pattern, name); err == nil && match {
				allowed[name] = value
			}
		}
	}
	return allowed
}
