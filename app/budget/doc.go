// Package budget fits Gavel into the memory and the open files that it may use:
// a container of 64 MB gets fewer connections and smaller buffers than a server.
package budget
