package players

import (
	"context"
	"errors"

	"pratu/flows/clients"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/secret"
	"pratu/flows/signin"
	"pratu/storage"
)

// amrDevice says that nothing but the key of a device was shown.
const amrDevice = "device"

// Lengths of a device key. A key of a client's own making has to be as long as ours: ids that devices have anyway are
// shorter, and known to every other application on them.
const (
	minDeviceKey = 43
	maxDeviceKey = 128
)

// Guest signs a device in as the guest that it is, or makes one. Without a key the device is new, and gets one.
func (s *Service) Guest(ctx context.Context, title *clients.Client, key string, from Caller) (token, deviceKey string, err error) {
	if key == "" {
		key = secret.Token()
	}
	if len(key) < minDeviceKey || len(key) > maxDeviceKey || !keySyntax.MatchString(key) {
		return "", "", kind.New(kind.Invalid, "guest.key").WithField("deviceKey")
	}
	if title.Settings.MinACR == signin.ACRMulti {
		return "", "", kind.New(kind.Forbidden, "factor.required")
	}
	hash := secret.Hash(title.ID + "\x00" + key) // a key is for one title
	const attempts = 2                           // of two devices with one new key at once, the second finds what the first made
	for attempt := 1; ; attempt++ {
		token, err = s.guest(ctx, title, hash, from)
		if !errors.Is(err, storage.ErrExists) || attempt == attempts {
			return token, key, err
		}
	}
}

func (s *Service) guest(ctx context.Context, title *clients.Client, hash string, from Caller) (token string, err error) {
	proof := func(accountID string) signin.Proof {
		return signin.Proof{AccountID: accountID, AMR: []string{amrDevice}, ACR: signin.ACRSingle, At: s.Now()}
	}
	owner, err := s.Store.DeviceOwner(ctx, hash)
	if err == nil {
		return s.begin(ctx, title, proof(owner), from)
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return "", err
	}
	if err := s.Limiter.Take(ctx, limits.TitleGuest.Of(signin.Network(from.IP))); err != nil {
		return "", err
	}
	err = s.Store.InTx(ctx, func(ctx context.Context) error {
		id, err := s.Accounts.CreateGuest(ctx, title.ID, hash, from.Locale)
		if err != nil {
			return err
		}
		token, err = s.begin(ctx, title, proof(id), from)
		return err
	})
	return token, err
}

// LinkPassword begins the upgrade of a guest to a person with an address and a password: it is done when the mailed token
// is posted. Account, id and player stay.
func (s *Service) LinkPassword(ctx context.Context, p *Playing, email, password string, from Caller) (*Mailed, error) {
	if p.Account.Status != storage.StatusGuest {
		return nil, kind.New(kind.Conflict, "guest.not")
	}
	return s.register(ctx, p.Title, email, password, p.Account.ID, from)
}
