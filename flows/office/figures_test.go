package office_test

import (
	"testing"
	"time"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/office"
	"pratu/storage"
	"pratu/storage/storagetest"
)

// What the dashboard shows of an event is the same before its hour is counted, after, and after it was counted by two.
func TestFigures(t *testing.T) {
	each(t, func(w *world) {
		ctx := w.t.Context()
		w.mu.Lock()
		w.at = time.Date(2026, 7, 29, 18, 30, 0, 0, time.UTC) // in Bangkok it is the 30th
		w.mu.Unlock()
		admin := w.person("admin", office.Admin)
		happen := func(name string, n int) {
			for range n {
				must(t, w.Audit.Append(ctx, audit.Event{Name: name}))
			}
		}
		look := func(zone *time.Location) office.Day {
			t.Helper()
			d, err := w.Dashboard(ctx, admin, 7, zone)
			must(t, err)
			if len(d.Days) != 7 {
				t.Fatalf("%d days", len(d.Days))
			}
			return d.Days[6]
		}
		bangkok := time.FixedZone("ICT", 7*3600)
		happen(office.SignedIn, 2)
		if n := look(bangkok).SignedIn; n != 2 {
			t.Errorf("%d sign-ins, not 2", n)
		}
		w.pass(3 * time.Minute) // what was seen is remembered, what comes is counted
		look(bangkok)
		happen(office.SignedIn, 1)
		happen(office.SignInFailed, 2)
		for i := range 5 {
			day := look(bangkok)
			if day.SignedIn != 3 || day.Failed != 2 || day.New != 1 || day.Begin.Day() != 30 {
				t.Errorf("%d: %+v", i, day)
			}
			w.pass(31 * time.Minute)
			if _, err := w.Count(ctx); err != nil {
				t.Error(err)
			}
		}
		if n, err := w.Count(ctx); n != 0 || err != nil {
			t.Errorf("counted again: %d, %v", n, err)
		}
		if n := storagetest.Count(t, w.url, `SELECT COUNT(*) FROM figures`); n != 3 {
			t.Errorf("%d figures", n)
		}
		w.pass(time.Hour)
		figure := storage.Figure{Hour: storage.HourOf(storage.At(w.now())), Name: "token.client_credentials", Count: 2}
		must(t, w.Store.AddFigure(ctx, figure)) // two replicas
		must(t, w.Store.AddFigure(ctx, figure))
		if day := look(bangkok); day.Tokens["client_credentials"] != 4 {
			t.Errorf("%+v", day)
		}
		if day := look(time.UTC); day.SignedIn != 3 && day.Begin.Day() == 29 {
			t.Errorf("%+v", day)
		}
		if _, err := w.Dashboard(ctx, w.person("nobody"), 7, time.UTC); !kind.Is(err, "office.forbidden") {
			t.Errorf("%v", err)
		}
	})
}
