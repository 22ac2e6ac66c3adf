package storage

import (
	"context"
	"time"
)

// Figure is how often something happened in an hour.
type Figure struct {
	Hour  Instant `db:"hour"` // its beginning
	Name  string  `db:"name"`
	Count int64   `db:"count"`
}

// Figures reads the figures of some hours.
func (s *Store) Figures(ctx context.Context, from, to Instant) (list []Figure, err error) {
	err = s.list(ctx, &list, `SELECT hour, name, count FROM figures WHERE hour >= ? AND hour < ?`, from, to)
	return list, err
}

// PutFigure writes a figure that was counted as a whole; doing it twice is doing it once.
func (s *Store) PutFigure(ctx context.Context, f Figure) error {
	_, err := s.exec(ctx, `INSERT INTO figures (hour, name, count) VALUES (?, ?, ?)
		ON CONFLICT (hour, name) DO UPDATE SET count = excluded.count`, f.Hour, f.Name, f.Count)
	return err
}

// AddFigure adds to a figure what one of several processes counted.
func (s *Store) AddFigure(ctx context.Context, f Figure) error {
	_, err := s.exec(ctx, `INSERT INTO figures (hour, name, count) VALUES (?, ?, ?)
		ON CONFLICT (hour, name) DO UPDATE SET count = figures.count + excluded.count`, f.Hour, f.Name, f.Count)
	return err
}

// CountEvents tells how often an event was recorded in [from, to).
func (s *Store) CountEvents(ctx context.Context, event string, from, to Instant) (n int64, err error) {
	err = s.get(ctx, &n, `SELECT COUNT(*) FROM audit WHERE event = ? AND at >= ? AND at < ?`, event, from, to)
	return n, err
}

// FirstEventAt is when the record begins; ErrNotFound for an empty one.
func (s *Store) FirstEventAt(ctx context.Context) (at Instant, err error) {
	err = s.get(ctx, &at, `SELECT at FROM audit ORDER BY at LIMIT 1`)
	return at, err
}

// HourOf is the beginning of an instant's hour.
func HourOf(i Instant) Instant { return i - i%Instant(time.Hour/time.Millisecond) }
