//go:build !linux

package checkup

func fileSystem(string) (kind string, network bool) { return "", false }

func freeSpace(string) (uint64, bool) { return 0, false }
