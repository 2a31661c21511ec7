package checkup

import "golang.org/x/sys/unix"

// fileSystem returns the kind of the file system of a folder, as far as it
// matters, and whether it is on another machine.
func fileSystem(folder string) (kind string, network bool) {
	var st unix.Statfs_t
	if unix.Statfs(folder, &st) != nil {
		return "", false
	}
	remote := map[int64]string{
		unix.NFS_SUPER_MAGIC: "NFS", unix.SMB_SUPER_MAGIC: "SMB", unix.CIFS_SUPER_MAGIC: "SMB", unix.SMB2_SUPER_MAGIC: "SMB",
		unix.CEPH_SUPER_MAGIC: "CephFS", unix.AFS_SUPER_MAGIC: "AFS", unix.CODA_SUPER_MAGIC: "Coda", unix.V9FS_MAGIC: "9p",
	}
	if name, found := remote[int64(st.Type)]; found {
		return name, true
	}
	if int64(st.Type) == unix.TMPFS_MAGIC {
		return "tmpfs", false
	}
	return "", false
}

// freeSpace returns the bytes that this user may still write.
func freeSpace(folder string) (uint64, bool) {
	var st unix.Statfs_t
	if unix.Statfs(folder, &st) != nil {
		return 0, false
	}
	return st.Bavail * uint64(st.Bsize), true
}
