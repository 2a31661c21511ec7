// Package sheet shows a report to people: as a page of its own with everything
// in it, and as a part of another page. Plots are SVG without script, each
// with a table that says the same.
package sheet
