package rules

// Recalls reports whether an action of the rule looks at previous or
// reschedules, so that they have to be looked up.
func (r *Rule) Recalls() bool { return r.recalls }

// Rule returns the rule of that name, nil if there is none.
func (s *Set) Rule(name string) *Rule {
	for _, r := range s.Rules {
		if r.Name == name {
			return r
		}
	}
	return nil
}
