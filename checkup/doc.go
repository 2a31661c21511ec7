// Package checkup looks at everything that a Gavel needs before it serves: rules,
// database, signatures, destinations, addresses, limits and clock. It sends no
// message and changes nothing but one mark in the database, which it removes.
//
// Each check is a file. Checks run side by side, each within a time limit.
package checkup
