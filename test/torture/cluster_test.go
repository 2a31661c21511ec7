package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// cluster is one or more processes on one database.
type cluster struct {
	client *http.Client

	mu        sync.RWMutex
	processes []*testkit.Process
	urls      []string
	consoles  []string
	next      int
	kills     int
	programs  []string // that a process becomes by chance when it is killed
	rewrites  int
	moves     int

	// starting keeps a process from starting while its rules file holds
	// nonsense, which it rightly refuses.
	starting sync.Mutex
	ending   sync.Mutex // while one is killed and started again
}

// startCluster starts one process for each program; empty is the one that is tested.
func startCluster(t *testing.T, database, rules string, programs []string) *cluster {
	c := &cluster{client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
	t.Cleanup(c.client.CloseIdleConnections)
	for _, program := range programs {
		p := testkit.Start(t, testkit.Serve{
			Rules: rules, Database: database, Binary: program, Env: []string{"SINK_PAUSED=false", "SINK_TOKEN=" + sinkToken},
		})
		c.processes = append(c.processes, p)
		c.urls = append(c.urls, p.URL)
		c.consoles = append(c.consoles, p.Console)
	}
	return c
}

// url returns the receivers' addresses in turn.
func (c *cluster) url() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	return c.urls[c.next%len(c.urls)]
}

// console returns the address of the console of a process.
func (c *cluster) console(i int) string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.consoles[i]
}

// kill ends one process without warning and starts it again.
func (c *cluster) kill(i int) {
	c.ending.Lock()
	defer c.ending.Unlock()
	p := c.processes[i]
	p.Kill()
	if len(c.programs) > 0 {
		p.Become(c.programs[c.kills%len(c.programs)])
	}
	func() { // a restart that fails ends this goroutine, and must not keep the lock
		c.starting.Lock()
		defer c.starting.Unlock()
		p.Restart()
	}()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.urls[i], c.consoles[i] = p.URL, p.Console
	c.kills++
}

// killer kills processes at random until ctx ends.
func (c *cluster) killer(ctx context.Context, random *rand.Rand) {
	for pause(ctx, time.Duration(500+random.IntN(2000))*time.Millisecond) {
		c.kill(random.IntN(len(c.processes)))
	}
}

// rewriter changes the rules files all the time: by rename, in place, and now
// and then to nonsense, which must change nothing.
func (c *cluster) rewriter(ctx context.Context, t *testing.T, rules string, random *rand.Rand) {
	for n := 0; pause(ctx, time.Duration(200+random.IntN(800))*time.Millisecond); n++ {
		text := fmt.Sprintf("# version %d\n%s", n, rules)
		c.starting.Lock()
		for _, p := range c.processes {
			switch random.IntN(3) {
			case 0:
				p.WriteRules(text)
			case 1:
				if err := os.WriteFile(p.RulesFile, []byte(text), 0o600); err != nil {
					t.Errorf("rewrite the rules: %v", err)
				}
			case 2:
				p.WriteRules("rules: [ { nonsense: true } ]\n")
				p.WriteRules(text)
			}
		}
		c.starting.Unlock()
		c.rewrites++
	}
}

// cut cuts the connections of a PostgreSQL database. A start that is cut off
// again and again on a slow machine ends by its own time limit, so most cuts
// wait for it.
func (c *cluster) cut(t *testing.T, database string, patient bool) {
	if patient {
		c.starting.Lock()
		defer c.starting.Unlock()
	}
	testkit.CutConnections(t, database)
}

// mover takes the database away for a moment: the file of SQLite is renamed, the
// connections of PostgreSQL are cut. What is answered with 200 meanwhile is held
// against the store in the end, as everything is.
func (c *cluster) mover(ctx context.Context, t *testing.T, database string, random *rand.Rand) {
	for pause(ctx, time.Duration(1000+random.IntN(3000))*time.Millisecond) {
		c.moves++
		file, ok := strings.CutPrefix(database, "sqlite:")
		if !ok {
			c.cut(t, database, random.IntN(4) > 0)
			continue
		}
		// A process that starts meanwhile would make a new file.
		c.starting.Lock()
		err := os.Rename(file, file+".away")
		if err == nil {
			pause(ctx, time.Duration(100+random.IntN(400))*time.Millisecond)
			err = os.Rename(file+".away", file)
		}
		c.starting.Unlock()
		if err != nil {
			t.Errorf("move the database: %v", err)
		}
	}
}

// stop ends all processes in order.
func (c *cluster) stop(t *testing.T) {
	for _, p := range c.processes {
		if code := p.Stop(); code != 0 {
			t.Errorf("gavel serve ended with %d:\n%s", code, p.Log())
		}
	}
}
