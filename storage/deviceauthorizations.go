package storage

import (
	"context"
	"time"
)

// DeviceAuthorization is what a device without a keyboard asked for (RFC 8628).
type DeviceAuthorization struct {
	ID           string  `db:"id"`             // SHA-256 of the device code
	UserCodeHash string  `db:"user_code_hash"` // keyed
	ClientID     string  `db:"client_id"`
	Form         string  `db:"form"`          // form-encoded
	PollInterval int64   `db:"poll_interval"` // milliseconds
	PolledAt     Instant `db:"polled_at"`
	ApprovedAt   Instant `db:"approved_at"`
	DeniedAt     Instant `db:"denied_at"`
	CreatedAt    Instant `db:"created_at"`
	ExpiresAt    Instant `db:"expires_at"`
}

const deviceColumns = `id, user_code_hash, client_id, form, poll_interval, polled_at, approved_at, denied_at, created_at, expires_at`

// CreateDeviceAuthorization writes one. ErrConflict: its user code is another's.
func (s *Store) CreateDeviceAuthorization(ctx context.Context, d DeviceAuthorization) error {
	_, err := s.exec(ctx, `INSERT INTO device_authorizations (`+deviceColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		d.ID, d.UserCodeHash, d.ClientID, d.Form, d.PollInterval, d.PolledAt, d.ApprovedAt, d.DeniedAt, d.CreatedAt, d.ExpiresAt)
	return err
}

// DeviceAuthorization reads one in any state, for the device.
func (s *Store) DeviceAuthorization(ctx context.Context, id string) (d DeviceAuthorization, err error) {
	err = s.get(ctx, &d, `SELECT `+deviceColumns+` FROM device_authorizations WHERE id = ?`, id)
	return d, err
}

// DeviceByUserCode reads one that nobody has answered yet.
func (s *Store) DeviceByUserCode(ctx context.Context, userCodeHash string, now Instant) (d DeviceAuthorization, err error) {
	err = s.get(ctx, &d, `SELECT `+deviceColumns+` FROM device_authorizations WHERE user_code_hash = ? AND approved_at = 0
		AND denied_at = 0 AND expires_at > ?`, userCodeHash, now)
	return d, err
}

// PollDevice notes that the device asked. It tells false when that was too early; from then on it has to wait longer.
func (s *Store) PollDevice(ctx context.Context, id string, now Instant, longer time.Duration) (inTime bool, err error) {
	err = s.InTx(ctx, func(ctx context.Context) error {
		rows, err := s.exec(ctx, `UPDATE device_authorizations SET polled_at = ? WHERE id = ? AND polled_at <= ? - poll_interval`, now, id, now)
		if inTime = rows > 0; inTime || err != nil {
			return err
		}
		_, err = s.exec(ctx, `UPDATE device_authorizations SET polled_at = ?, poll_interval = poll_interval + ? WHERE id = ?`,
			now, longer.Milliseconds(), id)
		return err
	})
	return inTime, err
}

// ApproveDevice and DenyDevice answer one, once: of several answers all but one get ErrNotFound.
func (s *Store) ApproveDevice(ctx context.Context, id string, now Instant) error {
	return s.guarded(ctx, `UPDATE device_authorizations SET approved_at = ? WHERE id = ? AND approved_at = 0 AND denied_at = 0
		AND expires_at > ?`, now, id, now)
}

// DenyDevice is the other answer.
func (s *Store) DenyDevice(ctx context.Context, id string, now Instant) error {
	return s.guarded(ctx, `UPDATE device_authorizations SET denied_at = ? WHERE id = ? AND approved_at = 0 AND denied_at = 0
		AND expires_at > ?`, now, id, now)
}
