package apply_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pratu/flows/accounts"
	"pratu/flows/apply"
	"pratu/flows/audit"
	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/kind"
	"pratu/flows/limits"
	"pratu/flows/mail"
	"pratu/flows/office"
	"pratu/flows/outbox"
	"pratu/flows/passwords"
	"pratu/flows/secret"
	"pratu/storage"
	"pratu/storage/storagetest"
)

type world struct {
	*apply.Service
	t       *testing.T
	secrets map[string]string
}

func each(t *testing.T, run func(w *world)) {
	t.Helper()
	storagetest.Engines(t, func(t *testing.T, store *storage.Store) {
		ring, err := secret.NewKeyring([]byte(strings.Repeat("k", secret.KeySize)))
		if err != nil {
			t.Fatal(err)
		}
		log, hasher := &audit.Log{Store: store, Now: time.Now}, passwords.New(passwords.Cheap)
		registered := &clients.Service{Store: store, Hasher: hasher, Keyring: ring, Now: time.Now}
		w := &world{t: t, secrets: map[string]string{}, Service: &apply.Service{
			Store: store, Clients: registered, Now: time.Now,
			Connectors: &connectors.Service{Store: store, Keyring: ring, Audit: log, Now: time.Now},
			Office: &office.Service{
				Store: store, Keyring: ring, Audit: log, Now: time.Now, Clients: registered,
				Accounts: &accounts.Service{
					Store: store, Keyring: ring, Hasher: hasher, Limiter: &limits.Limiter{Store: store, Keyring: ring, Now: time.Now},
					Audit: log, Now: time.Now, Mail: &mail.Service{Outbox: &outbox.Outbox{Store: store, Keyring: ring, Now: time.Now}, Now: time.Now},
				},
			},
		}}
		for _, name := range []string{"mali", "somchai"} {
			if _, err := w.Office.Accounts.Create(t.Context(), accounts.New{Email: name + "@x.test", EmailVerified: true, Locale: "en"}); err != nil {
				t.Fatal(err)
			}
		}
		run(w)
	})
}

func (w *world) plan(file string, o apply.Options) (*apply.Plan, error) {
	o.Secret = func(by, name string) (string, error) {
		if s := w.secrets[by+" "+name]; s != "" {
			return s, nil
		}
		return "", fmt.Errorf("no %s", name)
	}
	return w.Plan(w.t.Context(), []byte(file), o)
}

// apply writes a file and tells what became of each item.
func (w *world) apply(file string, o apply.Options) (actions string, items []*apply.Item) {
	w.t.Helper()
	p, err := w.plan(file, o)
	if err != nil {
		w.t.Fatal(err)
	}
	err = w.Apply(w.t.Context(), p, func(item *apply.Item) error {
		items = append(items, item)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return actionsOf(items), items
}

func actionsOf(items []*apply.Item) string {
	words := make([]string, len(items))
	for i, item := range items {
		id, role, isRole := strings.Cut(item.ID, "/")
		if words[i] = id + ":" + string(item.Action); isRole {
			words[i] = role + ":" + string(item.Action) // the number is made
		}
	}
	return strings.Join(words, " ")
}

func (w *world) expect(file string, o apply.Options, want string) []*apply.Item {
	w.t.Helper()
	got, items := w.apply(file, o)
	if got != want {
		w.t.Errorf("got  %s\nwant %s", got, want)
	}
	return items
}

const house = `{
	"titles": [{"client_id": "77", "client_name": "Takraw"}],
	"clients": [{"client_id": "shop", "kind": "web", "redirect_uris": ["https://shop.test/cb"], "client_secret_env": "SHOP",
		"settings": {"first_party": true, "access_token_lifetime": "10m", "claims": [{"claim": "shop:tier", "value": {"b": 1, "a": 2.50}}]}}],
	"partners": [{"client_id": "1245", "redirect_uris": ["https://partner.test/cb"],
		"settings": {"partner_mobile_protection": "aes-256-gcm", "partner_mobile_key_file": "key"}}],
	"connectors": [{"kind": "google", "client_id": "at-google", "secret_file": "google", "settings": {}}],
	"roles": [{"account": "mali@x.test", "role": "owner"}, {"account": "somchai@x.test", "role": "title_owner", "title": "77"}]
}`

const partnerKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

func TestApply(t *testing.T) {
	each(t, func(w *world) {
		w.secrets = map[string]string{"env SHOP": "a secret of the shop", "file key": partnerKey, "file google": "a secret of google"}
		items := w.expect(house, apply.Options{}, "77:create shop:create 1245:create google:create owner:create title_owner/77:create")
		for _, item := range items {
			if made := item.Secret != ""; made != (item.ID == "1245") || item.PartnerKey != "" {
				t.Errorf("%s shows a secret: %v", item.ID, made)
			}
			for _, c := range item.Changes {
				if text := fmt.Sprint(c); strings.Contains(text, "a secret of") || strings.Contains(text, partnerKey) {
					t.Errorf("%s: %s", item.ID, text)
				}
			}
		}
		const same = "77:unchanged shop:unchanged 1245:unchanged google:unchanged owner:unchanged title_owner/77:unchanged"
		w.expect(house, apply.Options{Prune: true}, same)

		f, err := w.Export(t.Context())
		raw, failure := json.Marshal(f)
		if err != nil || failure != nil {
			t.Fatal(err, failure)
		}
		w.expect(string(raw), apply.Options{Prune: true}, same)
		if strings.Contains(string(raw), "sealed") || strings.Contains(string(raw), "a secret") {
			t.Error(string(raw))
		}

		w.secrets["env SHOP"], w.secrets["file key"] = "another secret, as long", "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
		w.expect(house, apply.Options{}, "77:unchanged shop:update 1245:update google:unchanged owner:unchanged title_owner/77:unchanged")
		w.expect(house, apply.Options{}, same)
		shop, err := w.Clients.Find(t.Context(), "shop")
		for _, word := range []string{"a secret of the shop", "another secret, as long"} { // the old one has a day
			if ok, failure := w.Clients.VerifySecret(t.Context(), shop, word); err != nil || failure != nil || !ok {
				t.Error(word, ok, err, failure)
			}
		}
	})
}

func TestPrune(t *testing.T) {
	each(t, func(w *world) {
		ctx := t.Context()
		w.secrets = map[string]string{"env SHOP": "a secret of the shop", "file key": partnerKey, "file google": "a secret of google"}
		if _, _, err := w.Clients.Create(ctx, clients.Document{ClientID: "byhand", Kind: clients.KindMachine}); err != nil {
			t.Fatal(err)
		}
		const owner = `"roles": [{"account": "mali@x.test", "role": "owner"}]`
		w.apply(house, apply.Options{})
		w.expect("{"+owner+"}", apply.Options{}, "owner:unchanged")
		w.expect("{"+owner+"}", apply.Options{Prune: true, Part: "other"}, "owner:unchanged") // which takes the owner over

		// Nobody is left to own it, and 77 is played.
		somchai, err := w.Office.Named(ctx, office.Host(), "somchai@x.test")
		if err != nil {
			t.Fatal(err)
		}
		player := storage.Player{ID: secret.UUID(), AccountID: somchai.ID, Title: "77", Name: "x", CreatedAt: 1, UpdatedAt: 1}
		if _, err := w.Store.CreatePlayer(ctx, player); err != nil {
			t.Fatal(err)
		}
		for part, want := range map[string]string{"": "/titles: 77 has players", "other": "/roles: there has to be an owner"} {
			_, err := w.plan(`{}`, apply.Options{Prune: true, Part: part})
			if err == nil || !kind.Is(err, "apply.invalid") || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v", part, err)
			}
		}
		const title = `"titles": [{"client_id": "77", "client_name": "Takraw"}]`
		w.expect("{"+title+"}", apply.Options{Prune: true}, "77:unchanged title_owner/77:revoke google:disable shop:disable 1245:disable")
		w.expect("{"+title+"}", apply.Options{Prune: true}, "77:unchanged")
		w.expect(house, apply.Options{}, "77:unchanged shop:update 1245:update google:update owner:unchanged title_owner/77:create")
		if c, err := w.Clients.Find(ctx, "byhand"); err != nil || c.Disabled() {
			t.Error(err)
		}
	})
}

// A client that authenticates by a secret from now on gets one.
func TestSecretMade(t *testing.T) {
	each(t, func(w *world) {
		const file = `{"clients": [{"client_id": "desk", "kind": "game", "redirect_uris": ["com.example.desk:/cb"], "token_endpoint_auth_method": %q}]}`
		w.expect(fmt.Sprintf(file, "none"), apply.Options{}, "desk:create")
		for _, item := range w.expect(fmt.Sprintf(file, "client_secret_post"), apply.Options{}, "desk:update") {
			c, err := w.Clients.Find(t.Context(), "desk")
			if err != nil {
				t.Fatal(err)
			}
			if known, err := w.Clients.VerifySecret(t.Context(), c, item.Secret); err != nil || !known {
				t.Errorf("%q is no secret of it (%v)", item.Secret, err)
			}
		}
		w.expect(fmt.Sprintf(file, "client_secret_post"), apply.Options{}, "desk:unchanged")
	})
}

// A connector names clients of the same file, and others that there are.
func TestConnectorOfClients(t *testing.T) {
	each(t, func(w *world) {
		const file = `{"connectors": [{"kind": "oidc", "id": "corp", "client_id": "x", "settings": {"issuer": "https://idp.test", "clients": ["desk", %q]}}],
			"clients": [{"client_id": "desk", "kind": "machine"}]}`
		if _, err := w.plan(fmt.Sprintf(file, "blog"), apply.Options{}); err == nil || !strings.Contains(err.Error(), "/connectors/0/settings/clients/1: there is no client blog") {
			t.Error(err)
		}
		typo := strings.Replace(fmt.Sprintf(file, "desk"), `"kind": "machine"`, `"kind": "machine", "typo": 1`, 1)
		if _, err := w.plan(typo, apply.Options{}); err == nil || !strings.HasSuffix(err.Error(), "/clients/0/typo: unknown member") {
			t.Error(err) // the client is one of the file all the same
		}
		w.expect(fmt.Sprintf(file, "desk"), apply.Options{}, "desk:create corp:create")
		if err := w.Clients.Delete(t.Context(), "desk"); err != nil {
			t.Fatal(err)
		}
		w.expect(`{"connectors": [{"kind": "oidc", "id": "corp", "client_id": "x", "name": "Corp", "settings": {"issuer": "https://idp.test", "clients": ["desk"]}}]}`,
			apply.Options{}, "corp:update")
	})
}

// What somebody changed since the plan was shown isn't overwritten, and what stood before it is written.
func TestStopped(t *testing.T) {
	each(t, func(w *world) {
		ctx := t.Context()
		const file = `{"clients": [
			{"client_id": "a", "kind": "machine", "client_name": %[1]q}, {"client_id": "b", "kind": "machine", "client_name": %[1]q},
			{"client_id": "c", "kind": "machine", "client_name": %[1]q}]}`
		w.apply(fmt.Sprintf(file, "one"), apply.Options{})
		p, err := w.plan(fmt.Sprintf(file, "two"), apply.Options{})
		if err != nil || p.Changes() != 3 {
			t.Fatal(err)
		}
		_, err = w.Clients.Update(ctx, "b", func(d *clients.Document) error { d.ClientName = "mine"; return nil })
		if err != nil {
			t.Fatal(err)
		}
		var written []*apply.Item
		err = w.Apply(ctx, p, func(item *apply.Item) error { written = append(written, item); return nil })
		if !kind.Is(err, "client.changed") || actionsOf(written) != "a:update" {
			t.Error(err, actionsOf(written))
		}
		w.expect(fmt.Sprintf(file, "two"), apply.Options{}, "a:unchanged b:update c:update")
	})
}
