package gather

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

const (
	// frameHeader is the size of what SQLite writes before each page. Its second
	// four bytes are zero except in the last frame of a commit.
	frameHeader = 24
	// most bounds what is gathered. A larger commit is written in several parts.
	most = 512 << 10
	// onePiece is less than what SQLite's own layer can write at once: of the
	// length it takes the lower 17 bits.
	onePiece = 96 << 10
)

// The methods of SQLite that are wrapped, as their translation declares them.
type (
	openMethod  = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	closeMethod = func(tls *libc.TLS, file uintptr) int32
	moveMethod  = func(tls *libc.TLS, file, data uintptr, n int32, at int64) int32 // read and write
	cutMethod   = func(tls *libc.TLS, file uintptr, size int64) int32
	syncMethod  = func(tls *libc.TLS, file uintptr, flags int32) int32
	sizeMethod  = func(tls *libc.TLS, file, out uintptr) int32
)

// log is an open write-ahead log. SQLite uses it from one goroutine at a time,
// under the mutex of its connection.
type log struct {
	below  *lib.Tsqlite3_io_methods
	own    *lib.Tsqlite3_io_methods
	buf    []byte
	at     int64 // where in the file buf begins
	last   bool  // the frame being written is the last of a commit
	synced bool  // once, by SQLite itself, which then also syncs the folder
}

var (
	logs  sync.Map // the address of SQLite's file → *log
	below *lib.Tsqlite3_vfs
	own   = sync.OnceValues(register)
)

// VFS returns the name under which SQLite knows this file layer.
func VFS() (string, error) { return own() }

func register() (string, error) {
	const name = "gavel-gather"
	tls := libc.NewTLS()
	defer tls.Close()
	found := lib.Xsqlite3_vfs_find(tls, 0)
	if found == 0 {
		return "", errors.New("SQLite has no file layer")
	}
	below = at[lib.Tsqlite3_vfs](found)
	// SQLite keeps these for as long as the process runs.
	place := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*below)))
	title, err := libc.CString(name)
	if place == 0 || err != nil {
		return "", errors.New("no memory for SQLite's file layer")
	}
	v := at[lib.Tsqlite3_vfs](place)
	*v = *below
	v.FzName, v.FxOpen = title, address(open)
	if rc := lib.Xsqlite3_vfs_register(tls, place, 0); rc != lib.SQLITE_OK {
		return "", fmt.Errorf("SQLite does not take another file layer (code %d)", rc)
	}
	return name, nil
}

// at returns memory of SQLite, which no garbage collector moves or frees.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// method returns the function at an address that SQLite keeps.
func method[F any](address uintptr) F { return *(*F)(unsafe.Pointer(&address)) }

// address returns where a top-level function is, for SQLite to keep.
func address(f any) uintptr { return (*(*[2]uintptr)(unsafe.Pointer(&f)))[1] }

// bytesAt returns n bytes of SQLite's memory.
func bytesAt(address uintptr, n int32) []byte { return unsafe.Slice(at[byte](address), n) }

func open(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	rc := method[openMethod](below.FxOpen)(tls, vfs, name, file, flags, out)
	if rc != lib.SQLITE_OK || flags&lib.SQLITE_OPEN_WAL == 0 {
		return rc
	}
	f := at[lib.Tsqlite3_file](file)
	l := &log{below: at[lib.Tsqlite3_io_methods](f.FpMethods)}
	place := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*l.below)))
	if place == 0 {
		return rc // it works without
	}
	l.own = at[lib.Tsqlite3_io_methods](place)
	*l.own = *l.below
	l.own.FxWrite, l.own.FxRead = address(write), address(read)
	l.own.FxSync, l.own.FxTruncate = address(syncLog), address(truncate)
	l.own.FxFileSize, l.own.FxClose = address(fileSize), address(closeLog)
	f.FpMethods = place
	logs.Store(file, l)
	return rc
}

func logOf(file uintptr) *log {
	l, _ := logs.Load(file)
	return l.(*log)
}

// write keeps what follows what is kept, and writes all of it after the last
// page of a commit: SQLite makes a commit known to other connections after
// that, and they read the file.
func write(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32 {
	l := logOf(file)
	if len(l.buf) > 0 && (offset != l.at+int64(len(l.buf)) || len(l.buf)+int(n) > most) {
		if rc := l.flush(tls, file); rc != lib.SQLITE_OK {
			return rc
		}
	}
	if len(l.buf) == 0 {
		l.at = offset
	}
	part := bytesAt(data, n)
	l.buf = append(l.buf, part...)
	if n == frameHeader {
		l.last = binary.BigEndian.Uint32(part[4:]) != 0
		return lib.SQLITE_OK
	}
	if l.last {
		return l.flush(tls, file)
	}
	return lib.SQLITE_OK
}

// flush writes what is kept. After an error nothing is kept, as SQLite gives
// the transaction up and writes its next one to the same place.
func (l *log) flush(tls *libc.TLS, file uintptr) int32 {
	if len(l.buf) == 0 {
		return lib.SQLITE_OK
	}
	defer func() { l.buf = l.buf[:0] }()
	for at := 0; at < len(l.buf); at += onePiece {
		piece := l.buf[at:min(at+onePiece, len(l.buf))]
		rc := method[moveMethod](l.below.FxWrite)(tls, file, uintptr(unsafe.Pointer(&piece[0])), int32(len(piece)), l.at+int64(at))
		if rc != lib.SQLITE_OK {
			return rc
		}
	}
	return lib.SQLITE_OK
}

func read(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32 {
	l := logOf(file)
	if rc := l.flush(tls, file); rc != lib.SQLITE_OK {
		return rc
	}
	return method[moveMethod](l.below.FxRead)(tls, file, data, n, offset)
}

// syncLog waits until the disk has the data of the file and its size. SQLite
// would also wait for its times.
func syncLog(tls *libc.TLS, file uintptr, flags int32) int32 {
	l := logOf(file)
	if rc := l.flush(tls, file); rc != lib.SQLITE_OK {
		return rc
	}
	if !l.synced {
		rc := method[syncMethod](l.below.FxSync)(tls, file, flags)
		l.synced = rc == lib.SQLITE_OK
		return rc
	}
	f := at[lib.TunixFile](file)
	for {
		switch err := unix.Fdatasync(int(f.Fh)); {
		case err == nil:
			return lib.SQLITE_OK
		case !errors.Is(err, unix.EINTR):
			return lib.SQLITE_IOERR_FSYNC
		}
	}
}

func truncate(tls *libc.TLS, file uintptr, size int64) int32 {
	l := logOf(file)
	if rc := l.flush(tls, file); rc != lib.SQLITE_OK {
		return rc
	}
	return method[cutMethod](l.below.FxTruncate)(tls, file, size)
}

func fileSize(tls *libc.TLS, file, out uintptr) int32 {
	l := logOf(file)
	if rc := l.flush(tls, file); rc != lib.SQLITE_OK {
		return rc
	}
	return method[sizeMethod](l.below.FxFileSize)(tls, file, out)
}

func closeLog(tls *libc.TLS, file uintptr) int32 {
	l := logOf(file)
	// What is kept now belongs to no commit.
	l.buf = nil
	logs.Delete(file)
	at[lib.Tsqlite3_file](file).FpMethods = uintptr(unsafe.Pointer(l.below))
	libc.Xfree(tls, uintptr(unsafe.Pointer(l.own)))
	return method[closeMethod](l.below.FxClose)(tls, file)
}
