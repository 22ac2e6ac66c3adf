package oauth

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzForm: what was read has each parameter once, but for those that may come more often, and none that is empty.
func FuzzForm(f *testing.F) {
	for _, body := range []string{"grant_type=authorization_code&code=x", "a=1&a=2", "a=", "resource=x&resource=y", "a=%zz", "a;b", "%61=1&a=1", "=x"} {
		f.Add("application/x-www-form-urlencoded", body)
	}
	f.Add("application/x-www-form-urlencoded; charset=utf-8; charset=x", "a=1")
	f.Add("text/plain", "a=1")
	f.Fuzz(func(t *testing.T, media, body string) {
		r := httptest.NewRequest(http.MethodPost, "/oauth2/token?a=query", strings.NewReader(body))
		r.Header["Content-Type"] = []string{media}
		form, err := readForm(httptest.NewRecorder(), r)
		for name, values := range form {
			if err != nil || len(values) > 1 && name != "resource" && name != "audience" || len(values) == 1 && values[0] == "" {
				t.Errorf("%q: %q of %q, %v", name, values, body, err)
			}
		}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r := httptest.NewRequest(method, "/oauth2/authorize", strings.NewReader(body))
			r.Header["Content-Type"], r.URL.RawQuery = []string{media}, body
			params, err := frontParams(httptest.NewRecorder(), r)
			for name, values := range params {
				if err != nil || len(values) == 1 && values[0] == "" && name != "state" {
					t.Errorf("%q: %q of %q, %v", name, values, body, err)
				}
			}
		}
	})
}

// FuzzBearer: one token comes one way, or none.
func FuzzBearer(f *testing.F) {
	f.Add("Bearer abc", "", "")
	f.Add("bearer  abc ", "access_token=x", "")
	f.Add("", "access_token=x&access_token=y", "")
	f.Add("Basic x", "access_token=x", "access_token=q")
	f.Fuzz(func(t *testing.T, header, body, query string) {
		r := httptest.NewRequest(http.MethodPost, "/oauth2/userinfo", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if header != "" {
			r.Header["Authorization"] = []string{header}
		}
		token, err := bearer(httptest.NewRecorder(), r)
		posted, _ := url.ParseQuery(body)
		switch {
		case err != nil:
		case r.URL.Query().Has("access_token"), header != "" && posted.Get("access_token") != "", strings.TrimSpace(token) != token && header != "":
			t.Errorf("%q, %q, %q: %q", header, body, query, token)
		case header == "" && token != posted.Get("access_token"), header != "" && !strings.Contains(header, token):
			t.Errorf("%q, %q: %q", header, body, token)
		}
	})
}
