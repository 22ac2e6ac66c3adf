//go:build unix

package cli

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockServer keeps a second server away from an embedded database: both would hold caches and leases of one writer.
// Commands don't take it and write beside the running server. The lock is the kernel's and ends with the process.
func lockServer(path string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another server uses this database (lock %s): stop it, or give this one its own PRATU_DATA_DIR", path)
		}
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}
