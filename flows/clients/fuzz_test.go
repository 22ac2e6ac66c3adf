package clients

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pratu/flows/outbound"
)

// What applications say about themselves is read from strangers. make fuzz

func seeds(f *testing.F) {
	for _, text := range []string{
		`{}`, `[]`, `{"redirect_uris":["https://rp.test/cb"]}`, `{"redirect_uris":["https://rp.test/cb"],"redirect_uris":["x"]}`,
		`{"client_id":"https://rp.test/c","redirect_uris":["https://rp.test/cb","http://127.0.0.1/cb","com.example.app:/cb"],"application_type":"native"}`,
		`{"redirect_uris":["https://rp.test/cb"],"response_types":["code id_token"],"grant_types":["authorization_code","implicit"]}`,
		`{"redirect_uris":["https://rp.test/cb"],"client_name":"A","client_name#th":"ก","client_name#de-CH":"B","logo_uri":"https://rp.test/l.png"}`,
		`{"redirect_uris":["https://rp.test/cb"],"jwks":{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]},"token_endpoint_auth_method":"private_key_jwt"}`,
		`{"redirect_uris":["https://rp.test/cb"],"settings":{"first_party":true},"first_party":true,"scope":"openid admin","default_max_age":-1}`,
		`{"redirect_uris":["https://rp.test/cb"],"frontchannel_logout_uri":"https://rp.test/f","subject_type":"pairwise","request_uris":["https://rp.test/r#x"]}`,
	} {
		f.Add([]byte(text))
	}
}

// vetted holds what is true of every client that nobody vetted, however it describes itself.
func vetted(t *testing.T, d Document) {
	t.Helper()
	if d.Settings.FirstParty || d.Settings.TokenExchange != nil || d.Settings.Claims != nil || d.Settings.Resources != nil || len(d.AllowedOrigins) > 0 {
		t.Errorf("a stranger has settings: %+v", d.Settings)
	}
	for _, grant := range d.GrantTypes {
		if !slices.Contains(selfGrants, grant) {
			t.Errorf("a stranger has the grant %s", grant)
		}
	}
	for _, uri := range d.RedirectURIs {
		if u, err := url.Parse(uri); err != nil || strings.ContainsAny(uri, "#\x00\n\r") || u.User != nil || u.Scheme == "javascript" || u.Scheme == "data" {
			t.Errorf("the redirect URI %q", uri)
		}
	}
	for _, scope := range strings.Fields(d.Scope) {
		if !slices.Contains(strings.Fields(DefaultScope), scope) {
			t.Errorf("the scope %s", scope)
		}
	}
}

func FuzzReadMetadata(f *testing.F) {
	seeds(f)
	r := &Registrar{RequirePKCE: true}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, _, ps := r.read(raw)
		d.fill()
		if len(append(ps, d.validate()...)) > 0 {
			return
		}
		vetted(t, d)
		again, err := json.Marshal(d.Metadata)
		if err != nil {
			t.Fatal(err)
		}
		m, _, ps := readMetadata(again)
		once, err := json.Marshal(m)
		if err != nil || len(ps) > 0 || !bytes.Equal(again, once) {
			t.Errorf("read back as %s: %v %v\n%s", once, ps, err, again)
		}
	})
}

func FuzzReadSelf(f *testing.F) {
	seeds(f)
	const id = "https://rp.test/c"
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := readSelf(id, raw)
		if err != nil {
			return
		}
		vetted(t, c.Document())
		if c.ID != id || !c.Public() || !c.RequirePKCE() || !c.Unverified() || c.FirstParty() || c.Metadata.inFront() || len(c.Secrets) > 0 {
			t.Errorf("%+v", c)
		}
	})
}

func FuzzDocumentID(f *testing.F) {
	for _, id := range []string{"https://rp.test/c", "https://rp.test", "https://rp.test/a/../c", "https://user@rp.test/c", "https://127.0.0.1/c", "https://[::1]/c", "https://rp.test/c?x", "https://rp.test:8443/c", "web1"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		u, ok := documentID(id)
		if !ok {
			return
		}
		if u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.String() != id || strings.Contains(u.Path, "/../") || len(id) > maxDocumentID {
			t.Errorf("%q is the address of a document", id)
		}
	})
}

// served is an answer that somebody else's server gives.
type served []byte

func (s served) Get(context.Context, string) (*outbound.Response, error) {
	return &outbound.Response{Status: 200, Body: s}, nil
}

// sharper is a JPEG of eight by eight pixels that comes in so many passes.
func sharper(passes int) []byte {
	raw := []byte{0xff, 0xd8, 0xff, 0xdb, 0, 67, 0}
	raw = append(raw, bytes.Repeat([]byte{1}, 64)...)
	raw = append(raw, 0xff, 0xc2, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0)
	for _, table := range []byte{0x00, 0x10} { // one code of one bit: no difference, the end of the block
		raw = append(raw, 0xff, 0xc4, 0, 20, table, 1)
		raw = append(raw, make([]byte, 15+1)...)
	}
	raw = append(raw, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0, 0x7f)
	for range passes - 1 {
		raw = append(raw, 0xff, 0xda, 0, 8, 1, 1, 0, 1, 63, 0, 0x7f)
	}
	return append(raw, 0xff, 0xd9)
}

// A small file that asks for many passes over a large picture keeps a processor busy for a minute; none is drawn.
func TestLogoPasses(t *testing.T) {
	for passes, drawn := range map[int]bool{1: true, 10: true, 1000: false} {
		if got := (&Service{Fetch: served(sharper(passes))}).fetchLogo(t.Context(), "https://rp.test/logo"); (got != "") != drawn {
			t.Errorf("%d passes are drawn: %v", passes, got != "")
		}
		if err := (&Document{}).UseLogo(sharper(passes)); (err == nil) != drawn {
			t.Errorf("%d passes, uploaded: %v", passes, err)
		}
	}
}

func FuzzLogo(f *testing.F) {
	for _, text := range []string{
		"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
		"R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "/9j/4AAQSkZJRg==", "",
	} {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		drawn := (&Service{Fetch: served(raw)}).fetchLogo(t.Context(), "https://rp.test/logo")
		if drawn == "" {
			return
		}
		copied, err := base64.StdEncoding.DecodeString(drawn)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := png.DecodeConfig(bytes.NewReader(copied)); err != nil || c.Width > logoSize || c.Height > logoSize {
			t.Errorf("%+v %v", c, err)
		}
		if draw(copied) != drawn { // an exported file would change what it came from
			t.Error("drawn again it is another picture")
		}
	})
}

// What we drew stays as it is when it is drawn again, the faintest colours too.
func TestLogoDrawnAgain(t *testing.T) {
	for _, size := range []int{16, 128, 129, 300} {
		from := image.NewNRGBA(image.Rect(0, 0, size, size/2))
		for i := range from.Pix {
			from.Pix[i] = byte(i * i >> 3) //nolint:gosec // any byte will do
		}
		var raw bytes.Buffer
		if err := png.Encode(&raw, from); err != nil {
			t.Fatal(err)
		}
		once := draw(raw.Bytes())
		copied, err := base64.StdEncoding.DecodeString(once)
		if err != nil || once == "" || draw(copied) != once {
			t.Errorf("%d pixels: %v", size, err)
		}
	}
}
