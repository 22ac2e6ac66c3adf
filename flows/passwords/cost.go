//go:build !cheaphash

package passwords

// Default is argon2id with 19 MiB, two passes and one lane (OWASP's first choice), about 40 to 60 ms on a usual core.
var Default = Params{MemoryKiB: 19 * 1024, Iterations: 2, Parallelism: 1}
