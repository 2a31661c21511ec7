package rules

// Options hold what a load needs besides the files.
type Options struct {
	// Kinds of actions and connections that rules may use.
	Kinds Kinds
	// Env holds the environment variables that rules may read, by name. A name
	// that is not here does not exist for a rule.
	Env map[string]string
}

// Load compiles the sources into a Set. All findings of all files come back in
// one go. When one of them is an error the Set is nil.
func Load(sources []Source, o Options) (*Set, Findings) { panic("rules: to be written") }
