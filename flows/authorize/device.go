package authorize

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/secret"
	"pratu/storage"
)

// Device authorization (RFC 8628): a device asks, a person answers in a browser elsewhere.
const (
	// DeviceLife is how long a device waits for the person.
	DeviceLife = 15 * time.Minute
	// DeviceInterval is how long it has to wait between two questions, at first.
	DeviceInterval = 5 * time.Second
)

// userCodeLetters are easy to tell apart and make no words (RFC 8628 section 6.1). Eight of them are 34 bits: with the
// budget of wrong codes a stranger who tries for the life of a code hits one of a thousand that wait once in 6,000 lives.
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"

const userCodeLength = 8

// NewUserCode is a code as people read it: four letters, a hyphen, four letters.
func NewUserCode() string {
	var b strings.Builder
	for b.Len() < userCodeLength {
		for _, n := range secret.Bytes(userCodeLength) {
			if int(n) < 256/len(userCodeLetters)*len(userCodeLetters) && b.Len() < userCodeLength { // no letter is likelier
				b.WriteByte(userCodeLetters[int(n)%len(userCodeLetters)])
			}
		}
	}
	return b.String()[:userCodeLength/2] + "-" + b.String()[userCodeLength/2:]
}

// UserCode is a code as it was typed, in the form it is shown in, or "".
func UserCode(typed string) string {
	var letters []byte
	for _, r := range strings.ToUpper(typed) {
		switch {
		case strings.ContainsRune(userCodeLetters, r):
			letters = append(letters, byte(r))
		case r == '-' || r == ' ' || r == '\u00a0' || r == '\u200b' || r == '\u2060' || r == '\u2013' || r == '\u2014':
		default:
			return ""
		}
	}
	if len(letters) != userCodeLength {
		return ""
	}
	return string(letters[:userCodeLength/2]) + "-" + string(letters[userCodeLength/2:])
}

// UserCodeHash is what is stored of a code. It is keyed: there are too few of them for a plain hash.
func UserCodeHash(k *secret.Keyring, code string) string { return k.MAC("user-code", code) }

// Device is a device that waits for an answer.
type Device struct {
	UserCode string
	Client   *clients.Client
	Scopes   []string

	id, form string
}

// Device finds the device of a code that somebody typed: kind.Invalid "device.unknown", or kind.RateLimited. Wrong codes
// are counted for the network, since a code belongs to nobody before it is answered; before they are looked up, else many at
// once would all find a fresh budget.
func (s *Service) Device(ctx context.Context, typed, network string) (*Device, error) {
	charge := limits.DeviceAddress.Of(network)
	if err := s.Limiter.Take(ctx, charge); err != nil {
		return nil, err
	}
	code := UserCode(typed)
	row, err := s.Store.DeviceByUserCode(ctx, UserCodeHash(s.Keyring, code), storage.At(s.Now()))
	if code == "" || errors.Is(err, storage.ErrNotFound) {
		return nil, kind.New(kind.Invalid, "device.unknown").WithField("user_code")
	}
	if err := errors.Join(err, s.Limiter.Return(ctx, charge)); err != nil {
		return nil, err
	}
	client, err := s.Clients.Get(ctx, row.ClientID)
	if err != nil {
		return nil, err
	}
	params, err := url.ParseQuery(row.Form)
	return &Device{UserCode: code, Client: client, Scopes: client.ReadScopes(params.Get("scope")), id: row.ID, form: row.Form}, err
}

// ParkDevice begins the interaction in which a person answers a device, who said that it is theirs.
func (s *Service) ParkDevice(ctx context.Context, d *Device, from Visitor, network string) (Parked, error) {
	params, err := url.ParseQuery(d.form)
	if err != nil {
		return Parked{}, err
	}
	return s.Park(ctx, &Request{Client: d.Client, Params: params, DeviceID: d.id, RequestedAt: s.Now()}, from, "", network)
}

// RefuseDevice tells a device no: whoever has its code didn't start it.
func (s *Service) RefuseDevice(ctx context.Context, d *Device) error {
	return s.denyDevice(ctx, d.id, d.Client.ID)
}

func (s *Service) denyDevice(ctx context.Context, id, clientID string) error {
	return s.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.DenyDevice(ctx, id, storage.At(s.Now())); err != nil {
			return Spent(err)
		}
		return s.Audit.Append(ctx, audit.Event{Name: "device.denied", ClientID: clientID})
	})
}
