package server_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"pratu/flows/outbound"
)

// remote is every other server of the world, by https, as our guarded client sees them.
type remote struct {
	mu    sync.Mutex
	pages map[string]http.HandlerFunc // by URL without scheme
	asked []string
}

func (o *remote) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	o.asked = append(o.asked, r.Host+r.URL.Path)
	page := o.pages[r.Host+r.URL.Path]
	o.mu.Unlock()
	if page == nil {
		http.NotFound(w, r)
		return
	}
	page(w, r)
}

// serve puts a page on the web.
func (o *remote) serve(url, contentType, body string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.pages[strings.TrimPrefix(url, "https://")] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, body)
	}
}

// requests are those since the last call.
func (o *remote) requests() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := o.asked
	o.asked = nil
	return list
}

func (o *remote) client(t *testing.T) *outbound.Client {
	t.Helper()
	there := httptest.NewTLSServer(o)
	t.Cleanup(there.Close)
	return outbound.New(outbound.Options{
		Development: true, Address: there.Listener.Addr().String(),
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, //nolint:gosec // every name is this server's
	})
}
