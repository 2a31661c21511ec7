package backend

// BreakerOpen is the state of a Connection that is left alone after failures.
const BreakerOpen = "open"
