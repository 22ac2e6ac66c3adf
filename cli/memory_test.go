package cli

import "testing"

func TestMemoryLimit(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		bounds     string
		processors int
		want       int64
	}{
		{"", 1, 136 * mib}, {"max\n", 2, 136 * mib}, {"nonsense", 8, 256 * mib}, {"0", 2, 136 * mib}, {"9223372036854775807", 2, 136 * mib},
		{"1073741824\n", 2, 136 * mib}, {"104857600\n", 2, 80 * mib}, {"104857600", 64, 80 * mib},
	} {
		if got := memoryLimit(c.bounds, c.processors); got != c.want {
			t.Errorf("%q, %d processors: %d, want %d", c.bounds, c.processors, got, c.want)
		}
	}
}
