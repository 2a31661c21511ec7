package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// bench is what all cases share.
type bench struct {
	options
	dir  string // for everything that is written; removed at the end
	self string // this program
	log  io.Writer
}

func newBench(ctx context.Context, o options, log io.Writer) (*bench, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	dir, err := os.MkdirTemp("", "gavel-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	b := &bench{options: o, dir: dir, self: self, log: log}
	if b.gavel == "" {
		b.gavel = filepath.Join(dir, "gavel")
		b.say("building gavel")
		cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", b.gavel,
			"github.com/gavel-rules/gavel/cmd/gavel")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.close()
			return nil, fmt.Errorf("build gavel: %w\n%s", err, out)
		}
	}
	return b, nil
}

func (b *bench) close() {
	// What is left behind lies in the system's folder for temporary files.
	_ = os.RemoveAll(b.dir)
}

// say reports progress; the report goes elsewhere.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.log, format+"\n", args...)
}

// freeAddresses returns n loopback addresses that nobody listens on.
func freeAddresses(n int) ([]string, error) {
	addresses := make([]string, 0, n)
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}
