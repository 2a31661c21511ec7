package checkup

import (
	"context"
	"fmt"

	"github.com/dustin/go-humanize"
)

const (
	// leastMemory is what Gavel needs under load, in bytes.
	leastMemory = 64 << 20
	// ownFiles are the open files beside those of clients: the database, the
	// destinations, the console.
	ownFiles = 1500
	// usualConnections is the default of --max-connections.
	usualConnections = 8192
)

// limits compares the limits of this process with what Gavel may need.
func (c *checkup) limits(context.Context) []Finding {
	var found []Finding
	connections := c.Connections
	if connections == 0 {
		connections = usualConnections
	}
	if files, known := openFiles(); known {
		if need := uint64(connections + ownFiles); files < need {
			found = append(found, warning("limits-files", fmt.Sprintf("%d open files are allowed here; %d clients at once may need %d", files, connections, need),
				fmt.Sprintf("raise the limit (ulimit -n %d, or LimitNOFILE=%d in the unit), or lower --max-connections", need, need)))
		} else {
			found = append(found, ok("limits-files", fmt.Sprintf("%d open files are allowed", files)))
		}
	}
	memory, limited := memoryLimit()
	switch {
	case !limited:
		found = append(found, ok("limits-memory", "the memory of this process is not limited"))
	case memory < leastMemory:
		found = append(found, warning("limits-memory", "only "+humanize.IBytes(memory)+" of memory are allowed here", "allow at least 64 MiB, so that a burst does not end the process"))
	default:
		found = append(found, ok("limits-memory", humanize.IBytes(memory)+" of memory are allowed"))
	}
	return found
}

// folders checks the folders that Gavel writes to.
func (c *checkup) folders(context.Context) []Finding {
	var found []Finding
	if c.Archive != "" {
		if err := writable(c.Archive); err != nil {
			found = append(found, problem("folder-archive", fmt.Sprintf("the archive folder %s cannot be written: %v", c.Archive, err), "make it, for the user that Gavel runs as"))
		} else {
			found = append(found, ok("folder-archive", c.Archive+" can be written"))
		}
	}
	return append(found, c.backups()...)
}
