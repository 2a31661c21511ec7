// Package standin has stand-ins for Slack, a mail server and a CRM. They speak
// the real protocols on this machine, so that `gavel demo` and tests see what
// a real server would see, and they can be told to fail.
package standin
