package passkeys

import (
	"encoding/base64"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"pratu/flows/issuer"
	"pratu/storage"
)

// FuzzAnswer: what a script says an authenticator said is read, and makes or opens nothing for a question that nobody answered.
func FuzzAnswer(f *testing.F) {
	i, err := issuer.New("https://id.example.com")
	if err != nil {
		f.Fatal(err)
	}
	s, err := New(Options{Issuer: i, Product: "Pratu"})
	if err != nil {
		f.Fatal(err)
	}
	in := base64.RawURLEncoding.EncodeToString
	client := func(kind string) string {
		return in([]byte(`{"type":"webauthn.` + kind + `","challenge":"` + in([]byte("of somebody else, long ago")) + `","origin":"https://id.example.com"}`))
	}
	data := append(make([]byte, 32), 0x45, 0, 0, 0, 1)
	attested := append([]byte("\xa3cfmtdnonegattStmt\xa0hauthDataX\x39"), append(append(data, make([]byte, 16)...), 0, 2, 'i', 'd')...)
	f.Add(`{"id":"aWQ","rawId":"aWQ","type":"public-key","response":{"clientDataJSON":"` + client("create") + `","attestationObject":"` + in(attested) + `"}}`)
	f.Add(`{"id":"aWQ","rawId":"aWQ","type":"public-key","response":{"clientDataJSON":"` + client("get") + `","authenticatorData":"` + in(data) + `","signature":"AA","userHandle":"aWQ"}}`)
	f.Add(`{}`)
	st := state{Session: webauthn.SessionData{Challenge: in([]byte("the question of this test")), UserID: []byte("id"), RelyingPartyID: "id.example.com"}}
	f.Fuzz(func(t *testing.T, answer string) {
		if made, err := s.created(st, answer); err == nil {
			t.Errorf("%s makes %+v", answer, made)
		}
		if parsed, err := parse(answer, protocol.ParseCredentialRequestResponseBytes); err == nil {
			if _, err := s.validate(st, storage.Passkey{ID: encode(parsed.RawID), UserHandle: "aWQ", Credential: `{}`}, parsed); err == nil {
				t.Errorf("%s opens", answer)
			}
		}
	})
}
