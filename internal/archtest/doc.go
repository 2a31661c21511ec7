// Package archtest checks the shape of the source tree: its tests fail when an
// import points up or sideways, when a library is used outside its home, and
// when a package has more than 20 files.
//
//	cmd/gavel ──► app ──► console ──► api
//	     │         │      receiver
//	     ├──► desk ┤      retention, metrics, health, …
//	     │    vault│
//	     └► ruleset├──► engine ──► gate, plan, spans, vitals
//	               ├──► actions ──► rules/params ──► values ──► language ──► text
//	               ├──► rehearse     ▲
//	               │        └──► rules/explain, suite, format, live ──► rules
//	               └──► store ──► sqlite, postgres, memory, seal
//
//	everything ──► event; what is shown to people ──► privacy
package archtest
