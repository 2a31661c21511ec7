// Package docs keeps the project's documents true. Its tests load every YAML
// block, run every console block, look up every command, flag, key, path and
// link that a document names, and write the parts that are made from code:
//
//	go test ./internal/docs -update
package docs
