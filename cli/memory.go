package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

const (
	gcPercent = 400
	baseLimit = 96 << 20 // bytes that a busy server may use before it collects more often
	hashLimit = 40 << 20 // and for each password that is hashed at the same time, twice what one takes
)

// spendMemory lets a server use memory that it has instead of processor time: at Go's defaults, collecting a heap of a
// few MiB takes 10–20 % of every request. The limit is soft, and keeps clear of the one that would kill the process. Who
// sets GOGC or GOMEMLIMIT has decided otherwise.
func spendMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		bounds, _ := os.ReadFile("/sys/fs/cgroup/memory.max") // no such file: no container, or one of another kind
		debug.SetMemoryLimit(memoryLimit(string(bounds), runtime.GOMAXPROCS(0)))
	}
}

// memoryLimit is in bytes. bounds is what cgroup v2 says a container may use: a number of bytes, or "max".
func memoryLimit(bounds string, processors int) int64 {
	wanted := int64(baseLimit + hashLimit*max(1, processors/2))
	if most, err := strconv.ParseInt(strings.TrimSpace(bounds), 10, 64); err == nil && most > 0 {
		return min(wanted, most/5*4) // the rest isn't Go's
	}
	return wanted
}
