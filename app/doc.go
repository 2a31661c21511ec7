// Package app wires the parts of Gavel together. It is the only package that
// imports all others; the command line and the tests start Gavel through it.
//
// Start order: store, rules, engine, receiver, console. Stop order: the
// receiver accepts no more, requests in progress finish, the engine claims no
// more and drains, the store closes.
package app
