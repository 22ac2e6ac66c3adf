package authorize

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"time"

	"pratu/flows/secret"
	"pratu/storage"
)

// A request of a browser that keeps our cookies waits in one of them, sealed, until there is something to write down: a row
// would be written, and committed, for whoever follows a link and turns away. All others wait in rows.

// Visitor is a browser that comes for a request, or with one.
type Visitor struct {
	Browser  string // its cookie
	SignedIn bool   // it may be: it has the cookie of a session
	Carried  string // what it carries of the request, or ""
	Carries  bool   // it can carry another one
}

const (
	maxCarried   = 2048 // bytes: browsers take 4,096 of a cookie, and there may be two
	labelCarried = "interaction"
	labelHandle  = "interaction-handle"
	macSize      = 14 // bytes
)

// carried is an interaction in a cookie. What is noted of one when it begins is all that it can hold.
type carried struct {
	Client      string          `json:"c"`
	Browser     string          `json:"b"`
	Device      string          `json:"d,omitempty"`
	Form        string          `json:"f"`
	RequestedAt storage.Instant `json:"r"`
	Session     string          `json:"s,omitempty"`
	SelectedAt  storage.Instant `json:"a,omitempty"`
	ExpiresAt   storage.Instant `json:"e"`
}

func (s *Service) seal(handle string, row storage.Interaction) string {
	plain, _ := json.Marshal(carried{ // of texts and numbers
		row.ClientID, row.BrowserHash, row.DeviceID, row.Form, row.RequestedAt, row.SessionID, row.SelectedAt, row.ExpiresAt,
	})
	return s.Keyring.Seal(labelCarried, plain, handle)
}

// unseal is the interaction that a browser carries, as nobody has written it down; false where it carries none.
func (s *Service) unseal(handle, sealed string) (row storage.Interaction, ok bool) {
	if sealed == "" {
		return row, false
	}
	plain, err := s.Keyring.Open(labelCarried, sealed, handle)
	if err != nil {
		return row, false
	}
	var c carried
	if json.Unmarshal(plain, &c) != nil {
		return row, false
	}
	return storage.Interaction{
		ID: secret.Hash(handle), ClientID: c.Client, BrowserHash: c.Browser, DeviceID: c.Device, Form: c.Form,
		RequestedAt: c.RequestedAt, SessionID: c.Session, SelectedAt: c.SelectedAt, ExpiresAt: c.ExpiresAt, Unwritten: true,
	}, true
}

// newHandle names an interaction in URLs: when it expires, in minutes, 14 random bytes, and our word for both. So one that
// another browser carries can be told from one that never was.
func (s *Service) newHandle(expires time.Time) string {
	raw := binary.BigEndian.AppendUint32(nil, uint32(expires.Unix()/60)) //nolint:gosec // until the year 10,000
	raw = append(raw, make([]byte, 14)...)
	_, _ = rand.Read(raw[4:]) // never fails
	return base64.RawURLEncoding.EncodeToString(append(raw, s.sign(raw)...))
}

func (s *Service) sign(raw []byte) []byte {
	return s.Keyring.MACBytes(labelHandle, string(raw))[:macSize]
}

// expiry is when the interaction of a handle expires, or has; false for one that we didn't make.
func (s *Service) expiry(handle string) (at time.Time, ours bool) {
	raw, err := base64.RawURLEncoding.DecodeString(handle)
	if err != nil || len(raw) != 18+macSize || !secret.Equal(string(s.sign(raw[:18])), string(raw[18:])) {
		return at, false
	}
	return time.Unix(int64(binary.BigEndian.Uint32(raw))*60, 0), true
}
