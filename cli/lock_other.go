//go:build !unix

package cli

// lockServer has no lock to offer on this system; run one server for each data directory.
func lockServer(string) (release func(), err error) { return func() {}, nil }
