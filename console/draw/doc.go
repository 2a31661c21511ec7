// Package draw makes the pictures of the pages: shapes with plain numbers and
// words, which the templates write as SVG. Each stands beside the same in text.
package draw
