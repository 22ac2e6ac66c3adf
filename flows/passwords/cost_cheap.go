//go:build cheaphash

package passwords

// Default costs next to nothing, so that a benchmark sees what a sign-in costs besides. No release is built like this.
var Default = Params{MemoryKiB: 8, Iterations: 1, Parallelism: 1, Workers: 4}
