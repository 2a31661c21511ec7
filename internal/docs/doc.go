// Package docs checks the project's documents. Its tests load every YAML
// block, run every console block, look up every command, flag, key, path and
// link in a document, and write the generated parts:
//
//	go test ./internal/docs -update
package docs
