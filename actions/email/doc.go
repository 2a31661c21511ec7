// Package email is the action that sends mail over SMTP.
//
// A value from an event never adds a recipient or a header: every address
// field must come out as exactly one address, and header values hold no line
// breaks.
package email
