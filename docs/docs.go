// Package docs embeds the documents, so that a program shows those of its own
// version, without a network. Package site makes pages of them.
package docs

import "embed"

// Files are the documents, and the files that they offer for use. Pictures are
// left out: they are larger than all the text.
//
//go:embed *.md */*.md alerts.yaml grafana.json
var Files embed.FS
