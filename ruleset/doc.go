// Package ruleset loads rules from files and folders, or from the stored sources
// of an earlier revision, with all kinds of actions, the environment that rules
// may read, and the secrets folder. It also runs the tests of rules.
package ruleset
