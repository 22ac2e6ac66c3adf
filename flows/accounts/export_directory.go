package accounts

import (
	"context"
	"encoding/json"
	"time"

	"pratu/storage"
)

// ExportDevice is a device that an application named.
type ExportDevice struct {
	ID          string    `json:"id"`
	Model       string    `json:"model"`
	ClientID    string    `json:"client_id"`
	FirstSeenAt time.Time `json:"first_seen_at"`
	LastSeenAt  time.Time `json:"last_seen_at"`
}

// ExportChannel is when the account was last signed in to by a kind of door.
type ExportChannel struct {
	Channel      string    `json:"channel"`
	LastAccessAt time.Time `json:"last_access_at"`
}

// ExportPartner is what the account is called at a partner's.
type ExportPartner struct {
	Partner    string    `json:"partner"`
	ExternalID string    `json:"external_id"`
	CreatedAt  time.Time `json:"created_at"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
}

// exportDirectory gathers what applications and partners know the account by, and who looked it up.
func (s *Service) exportDirectory(ctx context.Context, accountID string, e *Export) error {
	devices, err := s.Store.DevicesOfAccount(ctx, accountID)
	if err != nil {
		return err
	}
	for _, d := range devices {
		e.Devices = append(e.Devices, ExportDevice{d.DeviceID, d.Model, d.ClientID, d.FirstSeenAt.Time(), d.LastSeenAt.Time()})
	}
	channels, err := s.Store.ChannelsOfAccount(ctx, accountID)
	if err != nil {
		return err
	}
	for _, c := range channels {
		e.Channels = append(e.Channels, ExportChannel{c.Channel, c.At.Time()})
	}
	bindings, err := s.Store.BindingsOfAccount(ctx, accountID, true)
	if err != nil {
		return err
	}
	for _, b := range bindings {
		e.Partners = append(e.Partners, ExportPartner{b.Partner, b.ExternalID, b.CreatedAt.Time(), b.EndedAt.Time()})
	}
	lookups, err := s.Store.Lookups(ctx, accountID, storage.At(s.Now())+1, "", maxExport)
	e.Lookups = exportActivity(lookups)
	return err
}

func exportActivity(events []storage.AuditEvent) []ExportActivity {
	list := []ExportActivity{}
	for _, x := range events {
		list = append(list, ExportActivity{
			x.At.Time(), x.Event, x.Outcome, x.ClientID, x.IP, x.UserAgent, x.Reason, json.RawMessage(x.Details),
		})
	}
	return list
}
