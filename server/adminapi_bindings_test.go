package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pratu/flows/clients"
	"pratu/storage/storagetest"
)

// What an account is called at partners' is said once, is nobody else's while it holds, and ends.
func TestAdminAPIBindings(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r := s.robot("robot", everything...)
		mali, alice := v1+"/accounts/"+number(s.mali.SSOID)+"/bindings", v1+"/accounts/21992040/bindings"
		good := `{"partner":"truemoney","external_id":"tmn.1"}`
		first := r.call("POST", mali, good, "Idempotency-Key", "b1").expect(t, 201, number(s.mali.SSOID), `"status":"1"`)
		for _, headers := range [][]string{{"Idempotency-Key", "b1"}, nil} { // said twice, it is said once
			if again := r.call("POST", mali, good, headers...).expect(t, 201); again.json(t)["id"] != first.json(t)["id"] {
				t.Errorf("%s", again.body)
			}
		}
		id := first.json(t)["id"].(string)
		r.call("POST", mali, good, "Idempotency-Key", "b2").expect(t, 201, first.json(t)["id"].(string))
		r.call("POST", alice, good, "Idempotency-Key", "b3").problem(t, 409, "binding.exists")
		r.call("POST", alice, good).problem(t, 409, "binding.exists")                                      // another's id
		r.call("POST", mali, strings.Replace(good, "tmn.1", "tmn.2", 1)).problem(t, 409, "binding.exists") // another id
		r.call("POST", v1+"/accounts/1/bindings", good).problem(t, 404, "account.unknown")                 // nobody's
		r.call("POST", v1+"/accounts/"+malisMail+"/bindings", good).problem(t, 404, "account.unknown")     // an address is in no URL
		r.call("GET", v1+"/accounts/1/bindings", "").problem(t, 404, "account.unknown")
		for body, pointer := range map[string]string{
			`{"partner":"True Money","external_id":"1"}`: "/partner", `{"external_id":"1"}`: "/partner", `{"partner":"x"}`: "/external_id",
			`{"partner":"x","external_id":"a\u0000b"}`: "/external_id", `{"partner":"x","external_id":"` + strings.Repeat("9", 201) + `"}`: "/external_id",
			`{"partner":"x","external_id":"1","account":"21992040"}`: "/account", `{"partner":"x","partner":"y","external_id":"1"}`: "/partner", `{"partner":"x","external_id":1}`: "/external_id",
		} {
			if answer := r.call("POST", alice, body); answer.StatusCode != http.StatusBadRequest || !strings.Contains(answer.body, `"pointer":"`+pointer+`"`) {
				t.Errorf("%s: %d %s", body, answer.StatusCode, answer.body)
			}
		}
		r.call("POST", alice, `{"partner":"`+strings.Repeat("x", 2<<20)+`"}`).problem(t, 413, "body.too_long")
		r.call("GET", mali+"?ended=1", "").problem(t, 400, "query.ended")
		r.call("GET", alice, "").expect(t, 200, `"items":[]`)
		r.call("GET", mali, "").expect(t, 200, id, "tmn.1", `"ended_at":null`)
		for _, wrong := range []string{"none", number(s.mali.SSOID), "%00", "%27%20OR%201=1--", strings.Repeat("x", 5000)} {
			r.call("DELETE", v1+"/bindings/"+wrong, "").expect(t, 404, `"code":"binding.unknown"`)
		}
		r.call("DELETE", v1+"/bindings/"+id, "").expect(t, 204)
		r.call("DELETE", v1+"/bindings/"+id, "").problem(t, 404, "binding.unknown")
		r.call("GET", mali, "").expect(t, 200, `"items":[]`)
		r.call("GET", mali+"?ended=true", "").expect(t, 200, id, `"status":"0"`)
		r.call("POST", alice, good).expect(t, 201) // free again
		if n := s.count(`SELECT COUNT(*) FROM audit WHERE event LIKE 'binding.%' AND actor_kind = 'client' AND actor_id = 'robot' AND account_id = '` + s.mali.ID + `'`); n != 2 {
			t.Errorf("%d on the record", n)
		}
		reader := s.robot("reader", "admin:accounts.read")
		reader.call("GET", alice, "").expect(t, 200, "tmn.1")
		reader.call("POST", mali, good).problem(t, 403, "office.forbidden")
		reader.call("DELETE", v1+"/bindings/"+id, "").problem(t, 403, "office.forbidden")
		storagetest.Exec(t, s.url, `UPDATE accounts SET status = '3' WHERE id = 'alice'`)
		r.call("POST", alice, `{"partner":"other","external_id":"1"}`).problem(t, 404, "account.unknown") // its owner is deleting it
	})
}

// A registration token is shown once, kept hashed and sealed, and made once whatever is repeated; its life is what was said.
func TestAdminAPIRegistrationTokens(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		r := s.robot("robot", everything...)
		at := v1 + "/registration-tokens"
		made := r.call("POST", at, `{"note":"<shops>","uses":2,"expires_in":172800}`, "Idempotency-Key", "t1").expect(t, 201, "pratu_it_", `"uses":2`)
		if again := r.call("POST", at, `{"note":"<shops>","uses":2,"expires_in":172800}`, "Idempotency-Key", "t1"); again.body != made.body {
			t.Errorf("two tokens: %s", again.body)
		}
		plain, id := made.json(t)["token"].(string), made.json(t)["id"].(string)
		list := r.call("GET", at, "").expect(t, 200, id, s.now().Add(48*time.Hour).UTC().Format(time.RFC3339))
		if strings.Contains(list.body, "pratu_it_") || s.count(`SELECT COUNT(*) FROM registration_tokens WHERE token_hash LIKE '%pratu_it_%'`)+s.count(`SELECT COUNT(*) FROM answers WHERE answer LIKE '%pratu_it_%'`) != 0 {
			t.Error("a token is shown again, or kept in the open")
		}
		s.self.Guard = clients.GuardToken
		one := s.manage("POST", "", plain, `{"redirect_uris":["https://own.test/cb"]}`).expect(t, 201)
		r.call("GET", at, "").expect(t, 200, `"uses":1`)
		r.call("DELETE", at+"/"+plain, "").problem(t, 404, "registration.unknown") // the id, not the token: that has no place in a URL
		r.call("DELETE", at+"/"+id, "").expect(t, 204)
		r.call("DELETE", at+"/"+id, "").problem(t, 404, "registration.unknown")
		s.manage("POST", "", plain, `{"redirect_uris":["https://own.test/cb"]}`).expect(t, 401)
		r.call("GET", v1+"/clients/"+one.json(t)["client_id"].(string), "").expect(t, 200)
		r.call("POST", at, `{}`).expect(t, 201, `"uses":1`, s.now().Add(24*time.Hour).UTC().Format(time.RFC3339))
		long := int64(18446744073) + 3600 // in nanoseconds of 64 bits, something like an hour
		for body, pointer := range map[string]string{
			`{"uses":0}`: "/uses", `{"uses":-1}`: "/uses", `{"uses":1000001}`: "/uses", `{"expires_in":59}`: "/expires_in", `{"expires_in":31622401}`: "/expires_in",
			fmt.Sprintf(`{"expires_in":%d}`, long): "/expires_in", fmt.Sprintf(`{"expires_in":%d}`, -long): "/expires_in", `{"note":"a\u0000b"}`: "/note", `{"note":"` + strings.Repeat("x", 201) + `"}`: "/note",
			`{"token":"pratu_it_mine"}`: "/token", `{"uses":"2"}`: "/uses", `{"uses":1.5}`: "/uses",
		} {
			if answer := r.call("POST", at, body); answer.StatusCode != http.StatusBadRequest || !strings.Contains(answer.body, `"pointer":"`+pointer+`"`) {
				t.Errorf("%s: %d %s", body, answer.StatusCode, answer.body)
			}
		}
		r.call("POST", v1+"/clients/svc1/api-keys", fmt.Sprintf(`{"expires_in":%d}`, long)).problem(t, 400, "api_key.life")
		r.call("POST", v1+"/clients/svc1/secrets", fmt.Sprintf(`{"overlap":%d}`, long)).problem(t, 400, "client.overlap")
		reader := s.robot("reader", "admin:clients.read")
		reader.call("GET", at, "").expect(t, 200)
		reader.call("POST", at, `{}`).problem(t, 403, "office.forbidden")
		reader.call("DELETE", at+"/"+id, "").problem(t, 403, "office.forbidden")
	})
}
