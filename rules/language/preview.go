package language

// Preview reports whether results that are not known yet show as their source
// between ⟨ and ⟩. A kind that checks rendered values, such as an address,
// lets those pass.
func (s *Scope) Preview() bool { return s != nil && s.preview }
