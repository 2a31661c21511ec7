package place

import (
	"os"
	"os/user"
	"strconv"
)

// byHand says in the history of runs who typed a command.
func byHand() string {
	name := "user " + strconv.Itoa(os.Getuid()) // a container may have no names
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	return "on the command line by " + name
}
