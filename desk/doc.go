// Package desk answers people's questions about a store, for the command line,
// the console and the API. It explains, counts, follows, replays, moves and
// erases what is stored.
package desk
