// Package ruleset loads rules as Gavel does: files and folders, or the stored
// sources of an earlier revision, with all kinds of actions, the environment
// that rules may read and the secrets beside it. It also runs the tests of such
// rules.
package ruleset
