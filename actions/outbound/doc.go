// Package outbound is what every call to the outside shares: the guard that
// decides which addresses may be reached, the headers that go with each call,
// and the words and classes of what can go wrong.
package outbound
