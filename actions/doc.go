// Package actions lists the kinds of action and connection that rules can use.
// A new kind is one file, or one folder, and one line in Kinds.
package actions
