package storage

import "time"

// Instant is UTC milliseconds since the epoch; 0 means "not (yet)". TIMESTAMP columns go wrong on both engines.
type Instant int64

// At is the instant of t, cut to the millisecond; the zero time is 0.
func At(t time.Time) Instant {
	if t.IsZero() {
		return 0
	}
	return Instant(t.UnixMilli())
}

// Time is the instant as a time in UTC; 0 is the zero time.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(i)).UTC()
}

// IsZero tells whether it never was.
func (i Instant) IsZero() bool { return i == 0 }

// Add is the instant d later.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d/time.Millisecond) }
