package storagetest

import (
	"fmt"
	"strings"
	"testing"

	"pratu/storage"
)

// Directory is the contract of API keys, bindings, presence and imports.
func Directory(t *testing.T, s *storage.Store) {
	ok(t, s.CreateClient(t.Context(), client("keeper")))
	for _, id := range []string{"somchai", "mali", "erased"} {
		status := "1"
		if id == "erased" {
			status = "3"
		}
		ok(t, s.CreateAccount(t.Context(), storage.Account{ID: id, SSOID: serial.Add(1), OID: name("oid"), Status: status, Profile: "{}"}))
	}
	t.Run("a key works until it ends, and is ended once", func(t *testing.T) {
		ok(t, s.CreateAPIKey(t.Context(), storage.APIKey{ID: "k", ClientID: "keeper", Hash: "hash", ExpiresAt: start.Add(day)}))
		fails(t, s.CreateAPIKey(t.Context(), storage.APIKey{ID: "k2", ClientID: "nobody", Hash: "other"}), storage.ErrNotFound)
		if k := must[storage.APIKey](t)(s.APIKey(t.Context(), "hash", start.Add(day-1))); k.ClientID != "keeper" {
			t.Errorf("%+v", k)
		}
		_, err := s.RevokeAPIKey(t.Context(), "another", "k", start)
		fails(t, err, storage.ErrNotFound)
		_, err = s.APIKey(t.Context(), "hash", start.Add(day))
		fails(t, err, storage.ErrNotFound)
		won := race(t, crowd, func(int) (bool, error) {
			_, err := s.RevokeAPIKey(t.Context(), "", "k", start)
			return verdict(err, storage.ErrNotFound)
		})
		if _, err := s.APIKey(t.Context(), "hash", start); won != 1 || err == nil {
			t.Errorf("%d ended it; %v", won, err)
		}
	})
	t.Run("one account has a partner's id, and one id of a partner", func(t *testing.T) {
		won := race(t, crowd, func(i int) (bool, error) {
			who := []string{"somchai", "mali"}[i%2]
			return verdict(s.CreateBinding(t.Context(), storage.Binding{ID: name("b"), AccountID: who, Partner: "wallet", ExternalID: "w1"}), storage.ErrExists)
		})
		b := must[storage.Binding](t)(s.BindingByExternalID(t.Context(), "wallet", "w1"))
		fails(t, s.CreateBinding(t.Context(), storage.Binding{ID: name("b"), AccountID: b.AccountID, Partner: "wallet", ExternalID: "w2"}), storage.ErrExists)
		_, err := s.EndBinding(t.Context(), "erased", b.ID, start)
		fails(t, err, storage.ErrNotFound)
		ended := race(t, crowd, func(int) (bool, error) {
			_, err := s.EndBinding(t.Context(), b.AccountID, b.ID, start)
			return verdict(err, storage.ErrNotFound)
		})
		if won != 1 || ended != 1 {
			t.Errorf("%d made it, %d ended it", won, ended)
		}
		ok(t, s.CreateBinding(t.Context(), storage.Binding{ID: name("b"), AccountID: b.AccountID, Partner: "wallet", ExternalID: "w1"}))
		if list := must[[]storage.Binding](t)(s.BindingsOfAccount(t.Context(), b.AccountID, true)); len(list) != 2 {
			t.Errorf("%v", list)
		}
	})
	t.Run("presence only grows, of accounts that are there", func(t *testing.T) {
		note := func(at storage.Instant, model string) {
			p := storage.Presence{Calls: []storage.CallCount{{ClientID: "keeper", Call: "search", Day: 7, Calls: 2}}}
			for _, who := range []string{"somchai", "erased", "nobody"} {
				p.Channels = append(p.Channels, storage.ChannelAccess{AccountID: who, Channel: "app", At: at})
				p.Devices = append(p.Devices, storage.AccountDevice{AccountID: who, DeviceID: "d", Model: model, ClientID: "keeper", LastSeenAt: at})
			}
			ok(t, s.NotePresence(t.Context(), p))
		}
		note(start+5, "ทีวี")
		note(start+3, "older")
		note(start+9, "")
		channels := must[[]storage.ChannelAccess](t)(s.ChannelsOfAccount(t.Context(), "somchai"))
		devices := must[[]storage.AccountDevice](t)(s.DevicesOfAccount(t.Context(), "somchai"))
		if len(channels) != 1 || channels[0].At != start+9 || len(devices) != 1 || devices[0].Model != "ทีวี" || devices[0].FirstSeenAt != start+5 || devices[0].LastSeenAt != start+9 {
			t.Errorf("%v %v", channels, devices)
		}
		if list := must[[]storage.AccountDevice](t)(s.DevicesOfAccount(t.Context(), "erased")); len(list) != 0 {
			t.Errorf("%v", list)
		}
		if list := must[[]storage.CallCount](t)(s.CallCounts(t.Context(), "keeper", 7, storage.CallCount{}, 10)); len(list) != 1 || list[0].Calls != 6 {
			t.Errorf("%v", list)
		} else if list = must[[]storage.CallCount](t)(s.CallCounts(t.Context(), "", 0, list[0], 10)); len(list) != 0 {
			t.Errorf("after the last one: %v", list)
		}
	})
	t.Run("an account has so many devices, those seen last", func(t *testing.T) {
		for n := range 3 {
			var p storage.Presence
			for i := range storage.MaxDevices {
				p.Devices = append(p.Devices, storage.AccountDevice{AccountID: "mali", DeviceID: fmt.Sprintf("%d-%d", n, i), LastSeenAt: start + storage.Instant(n*storage.MaxDevices+i)})
			}
			ok(t, s.NotePresence(t.Context(), p))
		}
		for _, d := range must[[]storage.AccountDevice](t)(s.DevicesOfAccount(t.Context(), "mali")) {
			if !strings.HasPrefix(d.DeviceID, "2-") {
				t.Errorf("%s is kept", d.DeviceID)
			}
			ok(t, s.ForgetDevice(t.Context(), "mali", d.DeviceID))
		}
		if list := must[[]storage.AccountDevice](t)(s.DevicesOfAccount(t.Context(), "mali")); len(list) != 0 {
			t.Errorf("%d more", len(list))
		}
	})
	t.Run("a search costs one statement, and finds who is there", func(t *testing.T) {
		digests := []storage.Digest{{KeyID: "k1", Digest: "d1"}, {KeyID: "k2", Digest: "d2"}}
		ok(t, s.CreateContact(t.Context(), storage.Contact{ID: "c", AccountID: "somchai", Kind: "phone", Value: "v", VerifiedAt: start}, digests))
		ok(t, s.CreateContact(t.Context(), storage.Contact{ID: "n", AccountID: "mali", Kind: "phone", Value: "v"}, digests))
		find := func(unverified bool, digest string) (ids string) {
			costs(t, s, 1, func() {
				w := []storage.Wanted{{Kind: "phone", Digests: []storage.Digest{{KeyID: "k2", Digest: digest}}}, {Kind: "email", Digests: digests}}
				for _, f := range must[[]storage.FoundAccount](t)(s.FindAccounts(t.Context(), w, unverified)) {
					ids += f.ID + " "
				}
			})
			return ids
		}
		if got := []string{find(false, "d2"), find(true, "d2"), find(false, "d1"), find(true, "d1")}; got[0] != "somchai " || got[1] != "somchai mali " || got[2]+got[3] != "" {
			t.Errorf("%q", got)
		}
	})
}
