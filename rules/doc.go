// Package rules turns rules files into an immutable Set.
//
//	files ──► parse ──► decode ──► compile ──► build ──► Set
//	          YAML,     strict,    expressions  actions,   match an event,
//	          positions all        and texts,   connections make a scope,
//	                    findings   typed                    render values
//
// As much as possible is checked when the files are read, and every mistake is
// reported with its position; see Finding. The type of a parameter (Text, HTML,
// URL or Value) decides how values from an event are escaped in it.
package rules
