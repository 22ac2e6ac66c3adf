package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pratu/storage"
	"pratu/storage/storagetest"
)

// What an owner sees and decides of the directory: who asked, and for what; not to be found; partners' ids; devices that
// applications named. Nobody else's can be touched.
func TestPortalDirectory(t *testing.T) {
	eachLegacy(t, func(w *legacy) {
		alice, bob := w.signedIn("alice"), w.signedIn("bob")
		has := func(b *browser, path string, words ...string) string {
			w.t.Helper()
			answer := b.get(path)
			for _, word := range words {
				if answer.StatusCode != http.StatusOK || !strings.Contains(answer.body, word) {
					w.t.Errorf("%s has no %q: %d %s", path, word, answer.StatusCode, answer.body)
				}
			}
			return answer.body
		}
		w.search("/accounts")
		has(alice, "/account/lookups", "2171", "+66•••612", "ส่งของให้ถูกคน", "find you by a number")
		if body := has(bob, "/account/lookups", "Nobody, so far"); strings.Contains(body, "2171") {
			w.t.Error("bob sees who looked for alice")
		}
		w.submit(alice, "/account/lookups", "hide", "1")
		if answer := w.search("/accounts"); !strings.Contains(answer.body, `"data":[]`) {
			w.t.Errorf("a hidden account is found: %s", answer.body)
		}
		has(alice, "/account/lookups", "Nobody finds you", "didn’t find you")
		w.submit(alice, "/account/lookups", "hide", "0")
		if answer := w.search("/accounts"); !strings.Contains(answer.body, `"uid":"21992040"`) {
			w.t.Errorf("a shown account isn't found: %s", answer.body)
		}

		binding, err := w.directory.Bind(w.t.Context(), 21992040, "truemoney", "tmn.10000000001")
		must(w.t, err)
		if again, err := w.directory.Bind(w.t.Context(), 21992040, "truemoney", "tmn.10000000001"); err != nil || again.ID != binding.ID {
			w.t.Errorf("twice: %v %v", again, err)
		}
		if _, err := w.directory.Bind(w.t.Context(), 21985824, "truemoney", "tmn.10000000001"); err == nil {
			w.t.Error("two accounts have one id")
		}
		has(alice, "/account/partners", "truemoney", "tmn.10000000001")
		if answer := w.submit(bob, "/account/partners", "binding", binding.ID); answer.StatusCode != http.StatusNotFound {
			w.t.Errorf("bob ends alice's binding: %d", answer.StatusCode)
		}
		w.submit(alice, "/account/partners", "binding", binding.ID)
		has(alice, "/account/partners", "None.")
		if answer := w.read("21992040"); !strings.Contains(answer.body, `"bindings":{}`) {
			w.t.Errorf("%s", answer.body)
		}
		_, err = w.directory.Bind(w.t.Context(), 21985824, "truemoney", "tmn.10000000001") // free again
		must(w.t, err)

		w.presence.SignedIn("alice", "stb", storage.AccountDevice{DeviceID: "tv-1", Model: "<b>ทีวี</b>", ClientID: "1331"})
		must(w.t, w.presence.Flush(w.t.Context(), true))
		has(alice, "/account/sessions", "&lt;b&gt;ทีวี", "1331")
		w.submit(bob, "/account/sessions", "named", "tv-1")
		has(alice, "/account/sessions", "&lt;b&gt;ทีวี")
		var export struct {
			Devices, Channels, Partners, Lookups []json.RawMessage
		}
		answer := w.submit(alice, "/account/data")
		if err := json.Unmarshal([]byte(answer.body), &export); err != nil || len(export.Devices) != 1 || len(export.Channels) == 0 || len(export.Partners) != 1 || len(export.Lookups) != 3 {
			w.t.Errorf("%v %s", err, answer.body)
		}
		w.submit(alice, "/account/sessions", "named", "tv-1")
		if strings.Contains(has(alice, "/account/sessions"), "named-list") {
			w.t.Error("a device stays on the list")
		}
	})
}

// submit posts a form with the hidden fields that all forms of the portal have, and more as pairs.
func (l *legacy) submit(b *browser, path string, pairs ...string) reply {
	l.t.Helper()
	form := url.Values{}
	for _, part := range strings.Split(b.get("/account/lookups").body, `<input type="hidden" `)[1:] {
		name, rest, _ := strings.Cut(strings.TrimPrefix(part, `name="`), `"`)
		_, value, _ := strings.Cut(rest, `value="`)
		value, _, _ = strings.Cut(value, `"`)
		form.Set(name, value)
	}
	r := post(path, changed(form, pairs...))
	r.Header.Set("Origin", op)
	return b.send(r)
}

// Presence is written together, about one thing once a minute, and nothing of it is lost.
func TestPresence(t *testing.T) {
	eachLegacy(t, func(w *legacy) {
		p := w.presence
		flush := func(all bool) int64 {
			w.t.Helper()
			before := w.store.Statements()
			must(w.t, p.Flush(w.t.Context(), all))
			return w.store.Statements() - before
		}
		flush(true)
		w.pass(2 * 60e9)
		for range 5 {
			p.SignedIn("alice", "app", storage.AccountDevice{DeviceID: "d"})
			p.SignedIn("bob", "app", storage.AccountDevice{})
			p.Called("2171", "accounts.search")
		}
		if n := flush(false); n != 4 { // devices, those beyond the hundred, channels, calls
			w.t.Errorf("%d statements", n)
		}
		w.pass(10e9)
		p.SignedIn("alice", "app", storage.AccountDevice{DeviceID: "d"})
		p.SignedIn("alice", "web", storage.AccountDevice{})
		if n := flush(false); n != 1 { // the new channel only
			w.t.Errorf("%d statements within a minute", n)
		}
		if n := flush(true); n != 3 { // what waited
			w.t.Errorf("%d statements at the end", n)
		}
		list, err := w.store.ChannelsOfAccount(w.t.Context(), "alice")
		must(w.t, err)
		for _, c := range list {
			if c.At != storage.At(w.now()) {
				w.t.Errorf("%v", c)
			}
		}
		counts, err := w.store.CallCounts(w.t.Context(), "2171", 0, storage.CallCount{}, 10)
		if err != nil || len(counts) != 1 || counts[0].Calls != 5 {
			w.t.Errorf("%v %v", counts, err)
		}
		storagetest.Exec(w.t, w.url, `UPDATE accounts SET status = '3' WHERE id = 'bob'`)
		p.SignedIn("bob", "stb", storage.AccountDevice{DeviceID: "late"})
		flush(true)
		if n := storagetest.Count(w.t, w.url, `SELECT COUNT(*) FROM devices WHERE account_id = 'bob'`); n != 0 {
			w.t.Error("an erased account got a device back")
		}
	})
}
