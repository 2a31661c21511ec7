// Package sheet renders a report as HTML: as a self-contained page, or as a part
// of another page. Plots are SVG without scripts, each with a table of the same
// numbers.
package sheet
