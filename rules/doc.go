// Package rules turns rules files into an immutable Set.
//
//	files ──► parse ──► decode ──► compile ──► build ──► Set
//	          YAML,     strict,    expressions  actions,   match an event,
//	          places    all        and texts,   connections make a scope,
//	                    findings   typed                    render values
//
// Everything that can be known before an event comes is checked when the files
// are read, and every mistake is reported with its place; see Finding. A value
// from an event is made safe by the type of the parameter it goes into: Text,
// HTML, URL or Value.
package rules
