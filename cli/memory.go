package cli

import (
	"os"
	"runtime"
	"runtime/debug"
)

const (
	gcPercent = 400
	baseLimit = 96 << 20 // bytes that a busy server may use before it collects more often
	hashLimit = 40 << 20 // and for each password that is hashed at the same time, twice what one takes
)

// spendMemory lets a server use memory that it has instead of processor time: at Go's defaults, collecting a heap of a
// few MiB takes a fifth of every request. The limit is soft. Who sets GOGC or GOMEMLIMIT has decided otherwise.
func spendMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(baseLimit + hashLimit*max(1, runtime.GOMAXPROCS(0)/2)))
	}
}
