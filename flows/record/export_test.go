package record_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pratu/flows/record"
	"pratu/storage"
	"pratu/storage/storagetest"
)

// Whatever is in a row is on its own line, obeyed by no terminal, and reads back as it is (OF-06).
func TestExport(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const evil = "=cmd|' /C calc'!A0\",\"x\n{\"event\":\"forged\"}\r\u0085\u009b31m\u2028\u202e\u200b\U000e0041</script>"
		w.write(2, 0)
		storagetest.Apply(t, w.Store, w.Store.AppendAudit(storage.AuditEvent{
			ID: "evil", At: storage.At(w.at), Event: "signin.failed", Outcome: "failure", ActorKind: "system", AccountID: "other", UserAgent: evil, Reason: evil,
			Details: `{"x":"` + strings.NewReplacer("\"", `\"`, "\n", `\n`, "\r", `\r`).Replace(evil) + `"}`,
		}))
		storagetest.Apply(t, w.Store, w.Store.AppendAudit(storage.AuditEvent{ID: "broken", At: storage.At(w.at), Event: "x", Details: "{\n"}))
		w.seal()
		export := func(f storage.AuditFilter) string {
			var b bytes.Buffer
			n, err := w.Export(t.Context(), &b, f)
			must(t, err)
			if lines := strings.Count(b.String(), "\n"); int64(lines) != n {
				t.Errorf("%d lines for %d rows", lines, n)
			}
			return b.String()
		}
		all := export(storage.AuditFilter{})
		if strings.ContainsAny(all, "\r\u0085\u009b\u2028\u202e\u200b\U000e0041") {
			t.Errorf("%q", all)
		}
		var got []record.Line
		for _, text := range strings.SplitAfter(strings.TrimSuffix(all, "\n"), "\n") {
			var l record.Line
			must(t, json.Unmarshal([]byte(text), &l))
			got = append(got, l)
		}
		if len(got) != 4 || got[0].ID != "e1" || got[0].Position != 1 || len(got[0].Hash) != 64 {
			t.Fatalf("%+v", got)
		}
		var d struct{ X string }
		must(t, json.Unmarshal(got[3].Details, &d))
		if diff := cmp.Diff([]string{evil, evil, evil}, []string{got[3].UserAgent, got[3].Reason, d.X}); diff != "" {
			t.Error(diff)
		}
		for _, c := range []struct {
			filter storage.AuditFilter
			want   int
		}{
			{storage.AuditFilter{AccountID: "other"}, 1}, {storage.AuditFilter{Event: "signin.failed"}, 3}, {storage.AuditFilter{At: storage.At(w.at)}, 2},
			{storage.AuditFilter{Until: storage.At(w.at)}, 2}, {storage.AuditFilter{At: storage.At(w.at.Add(time.Hour))}, 0},
		} {
			if n := strings.Count(export(c.filter), "\n"); n != c.want {
				t.Errorf("%+v: %d rows", c.filter, n)
			}
		}
	})
}
