// Package desk answers what people ask: the command line of a database, the
// console and the API of a server. It explains, counts, follows, replays, moves
// and erases what is stored.
package desk
