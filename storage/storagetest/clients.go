package storagetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pratu/storage"
)

func client(id string) storage.Client {
	return storage.Client{
		ID: id, Kind: "web", Name: "ร้าน " + id, Metadata: `{"redirect_uris":["https://rp.test/cb"]}`, Settings: `{"require_pkce":true}`,
		DisabledAt: 0, CreatedAt: start, UpdatedAt: start.Add(1),
	}
}

func clientSecret(clientID, id string, at storage.Instant) storage.ClientSecret {
	return storage.ClientSecret{ID: id, ClientID: clientID, Hash: "sha256:" + id, CreatedAt: at}
}

// Clients is the contract of clients and their secrets.
func Clients(t *testing.T, s *storage.Store) {
	t.Run("written and read", func(t *testing.T) {
		c := client("read")
		c.DisabledAt = start.Add(minute)
		c.Secrets = []storage.ClientSecret{clientSecret("read", "r2", start.Add(hour)), clientSecret("read", "r1", start)}
		c.Secrets[1].ExpiresAt = start.Add(day)
		ok(t, s.CreateClient(t.Context(), c))
		ok(t, s.CreateClient(t.Context(), client("bare")))
		costs(t, s, 1, func() {
			if diff := cmp.Diff(c, must[storage.Client](t)(s.Client(t.Context(), "read"))); diff != "" {
				t.Error(diff)
			}
		})
		if diff := cmp.Diff(client("bare"), must[storage.Client](t)(s.Client(t.Context(), "bare"))); diff != "" {
			t.Error(diff)
		}
		_, err := s.Client(t.Context(), "READ")
		fails(t, err, storage.ErrNotFound)
		_, err = s.Client(t.Context(), "")
		fails(t, err, storage.ErrNotFound)
	})
	t.Run("an id belongs to one of many at once", func(t *testing.T) {
		won := race(t, crowd, func(i int) (bool, error) {
			c := client("taken")
			c.Secrets = []storage.ClientSecret{clientSecret("taken", name("taken"), start)}
			return verdict(s.CreateClient(t.Context(), c), storage.ErrExists)
		})
		c := must[storage.Client](t)(s.Client(t.Context(), "taken"))
		if won != 1 || len(c.Secrets) != 1 {
			t.Errorf("%d created it, it has %d secrets", won, len(c.Secrets))
		}
	})
	t.Run("a client isn't written without its secrets", func(t *testing.T) {
		c := client("half")
		c.Secrets = []storage.ClientSecret{clientSecret("half", "h", start), clientSecret("half", "h", start)}
		fails(t, s.CreateClient(t.Context(), c), storage.ErrExists)
		_, err := s.Client(t.Context(), "half")
		fails(t, err, storage.ErrNotFound)
	})
	t.Run("an update that others overtook is refused", func(t *testing.T) {
		c := client("busy")
		ok(t, s.CreateClient(t.Context(), c))
		won := race(t, crowd, func(i int) (bool, error) {
			mine := c
			mine.Name, mine.UpdatedAt = fmt.Sprint(i), c.UpdatedAt+storage.Instant(i)+1
			return verdict(s.UpdateClient(t.Context(), mine, c.UpdatedAt), storage.ErrConflict)
		})
		if won != 1 {
			t.Errorf("%d of %d updated the same version", won, crowd)
		}
		got := must[storage.Client](t)(s.Client(t.Context(), "busy"))
		want := c
		want.Name, want.UpdatedAt = got.Name, got.UpdatedAt
		if got.UpdatedAt == c.UpdatedAt {
			t.Error("nothing was written")
		}
		want.Metadata, want.Settings, want.DisabledAt = `{}`, `{"a":1}`, start
		ok(t, s.UpdateClient(t.Context(), want, got.UpdatedAt))
		if diff := cmp.Diff(want, must[storage.Client](t)(s.Client(t.Context(), "busy"))); diff != "" {
			t.Error(diff)
		}
		fails(t, s.UpdateClient(t.Context(), client("nobody"), start), storage.ErrConflict)
	})
	t.Run("deleted", func(t *testing.T) { deletedClient(t, s) })
	t.Run("secrets", func(t *testing.T) { clientSecrets(t, s) })
	t.Run("pages", func(t *testing.T) { clientPages(t, s) })
}

func deletedClient(t *testing.T, s *storage.Store) {
	c := client("gone")
	c.Secrets = []storage.ClientSecret{clientSecret("gone", "g1", start)}
	ok(t, s.CreateClient(t.Context(), c))
	won := race(t, crowd, func(int) (bool, error) {
		return verdict(s.DeleteClient(t.Context(), "gone", start.Add(hour)), storage.ErrNotFound)
	})
	if won != 1 {
		t.Errorf("%d deleted it", won)
	}
	_, err := s.Client(t.Context(), "gone")
	fails(t, err, storage.ErrNotFound)
	for _, c := range must[[]storage.Client](t)(s.Clients(t.Context(), "", 1000)) {
		if c.ID == "gone" {
			t.Error("a deleted client is listed")
		}
	}
	fails(t, s.CreateClient(t.Context(), client("gone")), storage.ErrExists)
	fails(t, s.UpdateClient(t.Context(), c, start.Add(hour)), storage.ErrConflict)
	fails(t, s.AddClientSecret(t.Context(), clientSecret("gone", "g2", start)), storage.ErrNotFound)
	// The secret went with it: an id of a secret is free again only when the row is gone.
	other := client("heir")
	other.Secrets = []storage.ClientSecret{clientSecret("heir", "g1", start)}
	ok(t, s.CreateClient(t.Context(), other))
}

func clientSecrets(t *testing.T, s *storage.Store) {
	c := client("rotating")
	c.Secrets = []storage.ClientSecret{clientSecret("rotating", "s1", start)}
	ok(t, s.CreateClient(t.Context(), c))
	neighbour := client("rotating2")
	neighbour.Secrets = []storage.ClientSecret{clientSecret("rotating2", "n1", start)}
	ok(t, s.CreateClient(t.Context(), neighbour))
	ok(t, s.AddClientSecret(t.Context(), clientSecret("rotating", "s2", start.Add(minute))))
	ok(t, s.AddClientSecret(t.Context(), clientSecret("rotating", "s3", start.Add(2*minute))))
	early, late := start.Add(hour), start.Add(day)
	ok(t, s.ExpireClientSecrets(t.Context(), "rotating", "s2", early))
	ok(t, s.ExpireClientSecrets(t.Context(), "rotating", "s3", late)) // prolongs nothing that ends earlier
	var got []string
	for _, x := range must[storage.Client](t)(s.Client(t.Context(), "rotating")).Secrets {
		got = append(got, fmt.Sprintf("%s:%d", x.ID, x.ExpiresAt))
	}
	want := fmt.Sprintf("s3:%d s2:%d s1:%d", early, late, early)
	if strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if x := must[storage.Client](t)(s.Client(t.Context(), "rotating2")).Secrets; len(x) != 1 || x[0].ExpiresAt != 0 {
		t.Errorf("another client's secret was touched: %v", x)
	}
	fails(t, s.AddClientSecret(t.Context(), clientSecret("nobody", "x", start)), storage.ErrNotFound)
	fails(t, s.AddClientSecret(t.Context(), clientSecret("rotating", "s1", start)), storage.ErrExists)
}

func clientPages(t *testing.T, s *storage.Store) {
	for i := range 7 {
		c := client(fmt.Sprintf("zz-page-%d", i))
		for j := range i % 3 {
			c.Secrets = append(c.Secrets, clientSecret(c.ID, fmt.Sprintf("%s-%d", c.ID, 9-j), start.Add(hour)-storage.Instant(j)))
		}
		ok(t, s.CreateClient(t.Context(), c))
	}
	var ids []string
	for after := "zz-page-"; ; {
		page := must[[]storage.Client](t)(s.Clients(t.Context(), after, 3))
		for _, c := range page {
			if diff := cmp.Diff(must[storage.Client](t)(s.Client(t.Context(), c.ID)), c); diff != "" {
				t.Error(diff)
			}
			ids = append(ids, c.ID[len("zz-page-"):])
			after = c.ID
		}
		if len(page) < 3 {
			break
		}
	}
	if got := strings.Join(ids, ""); got != "0123456" {
		t.Errorf("pages gave %s", got)
	}
}
