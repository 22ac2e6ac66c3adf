package web

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"pratu/static"
	"pratu/templates"
)

func newRenderer(t *testing.T) *Renderer {
	t.Helper()
	r, err := New(templates.FS, static.FS, "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func messages(t *testing.T, locale string) map[string]any {
	t.Helper()
	raw, err := fs.ReadFile(templates.FS, "messages/"+locale+".json")
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

var argument = regexp.MustCompile(`\{\{\s*\.(\w+)\s*\}\}`)

func argumentsOf(message any) []string {
	raw, _ := json.Marshal(message)
	set := map[string]bool{}
	for _, m := range argument.FindAllStringSubmatch(string(raw), -1) {
		set[m[1]] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// TestParity: both languages have the same messages, with the same arguments, each written in its own script.
func TestParity(t *testing.T) {
	en, th := messages(t, English), messages(t, Thai)
	for id := range en {
		if th[id] == nil {
			t.Errorf("%s isn't there in Thai", id)
		}
	}
	for id, m := range th {
		if en[id] == nil {
			t.Errorf("%s isn't there in English", id)
			continue
		}
		if a, b := argumentsOf(en[id]), argumentsOf(m); !slices.Equal(a, b) {
			t.Errorf("%s mentions %v in English and %v in Thai", id, a, b)
		}
		text, _ := json.Marshal(m)
		if !strings.ContainsFunc(string(text), func(r rune) bool { return unicode.Is(unicode.Thai, r) }) {
			t.Errorf("%s isn't Thai: %s", id, text)
		}
		text, _ = json.Marshal(en[id])
		if strings.ContainsFunc(string(text), func(r rune) bool { return unicode.Is(unicode.Thai, r) }) {
			t.Errorf("%s isn't English: %s", id, text)
		}
	}
}

// misspelt are frequent slips against the Royal Society's spelling.
var misspelt = []string{"แอพ", "แอปพลิเคชั่น", "แอปพลิเคชันส์", "อีเมล์", "อีเมลล์", "อนุญาติ", "เว็ปไซ", "เวปไซ", "เว็บไซด์", "คุ๊กกี้", "คุกกี้ส์",
	"โปรไฟล", "พาสเวิร์ด", "ล็อคอิน", "บราวเซอร์", "เบราเซอร์", "เบราว์เซอ ", "อิเมล", "ลิ้งค์", "ลิงค์", "สัญลักษ ", "นะค่ะ", "เซิฟ", "เซิร์ฟเวอ ", "พร๊อกซี"}

func TestThaiSpelling(t *testing.T) {
	err := fs.WalkDir(templates.FS, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".json") && !strings.Contains(name, ".th.") {
			return err
		}
		raw, err := fs.ReadFile(templates.FS, name)
		if err != nil {
			return err
		}
		for _, word := range misspelt {
			if strings.Contains(string(raw), word) {
				t.Errorf("%s: %s", name, word)
			}
		}
		// Two above-base vowels or tone marks on one consonant, or an entity of the older encoding.
		if m := regexp.MustCompile(`[ัิีึืฺุู]{2}|[่้๊๋]{2}|เเ|ํา`).FindString(string(raw)); m != "" {
			t.Errorf("%s: stacked marks %q", name, m)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestThaiTermsAreGlued: no term is left for a browser to tear apart, no joiner stands anywhere else, and English has none.
func TestThaiTermsAreGlued(t *testing.T) {
	r := newRenderer(t)
	for id := range messages(t, Thai) {
		args := map[string]any{"count": 3, "minutes": 3}
		text := r.Text(Thai, id, args)
		for _, term := range thaiTerms {
			if strings.Contains(text, strings.ReplaceAll(term, "|", "")) {
				t.Errorf("%s: %s can be torn apart", id, term)
			}
			text = strings.ReplaceAll(text, strings.ReplaceAll(term, "|", wordJoiner), "")
		}
		if strings.Contains(text, wordJoiner) {
			t.Errorf("%s: a joiner too many in %q", id, text)
		}
		if text := r.Text(English, id, args); strings.Contains(text, wordJoiner) {
			t.Errorf("%s: a joiner in %q", id, text)
		}
	}
	for i, term := range thaiTerms { // a part that came first would leave the rest of the word behind
		for _, later := range thaiTerms[i+1:] {
			if strings.HasPrefix(later, term) {
				t.Errorf("%s stands before %s", term, later)
			}
		}
	}
	if got := r.Text(Thai, "signin.title", nil); got != "เข้า\u2060สู่\u2060ระบบ" {
		t.Errorf("%q", got)
	}
}

func sources(t *testing.T, dirs ...string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", dir, err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			texts[f] = string(raw)
		}
	}
	return texts
}

// TestEverythingHasWords looks into the sources for what pages may have to say.
func TestEverythingHasWords(t *testing.T) {
	r := newRenderer(t)
	// Templates.
	literal := regexp.MustCompile(`\b(?:t|mark|words|either|has) "([a-z_.0-9]+)"`)
	err := fs.WalkDir(templates.FS, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".html") {
			return err
		}
		raw, err := fs.ReadFile(templates.FS, name)
		for _, m := range literal.FindAllStringSubmatch(string(raw), -1) {
			if !r.Has(m[1]) {
				t.Errorf("%s says %q, which has no words", name, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// What forms answer. Everything that isn't of a form has the words of its kind.
	inForm := regexp.MustCompile(`kind\.New\(kind\.(?:Invalid|Unauthorized|Exists|RateLimited|Unavailable), "([a-z_.]+)"|(?:invalid|refuse)\("([a-z_]+\.[a-z_]+)"`)
	for file, text := range sources(t, "flows/signin", "flows/accounts", "flows/passwords", "flows/limits", "flows/contact", "flows/authorize", "flows/codes") {
		for _, m := range inForm.FindAllStringSubmatch(text, -1) {
			if code := m[1] + m[2]; !r.Has(code) && !strings.HasPrefix(code, "import.") { // those are told at the command line
				t.Errorf("%s refuses with %q, which has no words", file, code)
			}
		}
	}
	// What error pages say.
	onPage := regexp.MustCompile(`"(error\.[a-z_.]+)"`)
	for file, text := range sources(t, "server/web", "server/pages", "server/oauth") {
		for _, m := range onPage.FindAllStringSubmatch(text, -1) {
			if id := m[1]; id != "error." && id != "error.form" {
				hasPage(t, r, file, id)
			}
		}
		for _, m := range regexp.MustCompile(`"(notice\.[a-z_]+)"`).FindAllStringSubmatch(text, -1) {
			if !r.Has(m[1]) {
				t.Errorf("%s brings the news %q, which has no words", file, m[1])
			}
		}
	}
	for _, k := range []string{"internal", "not_found", "exists", "invalid", "unauthorized", "forbidden", "conflict", "rate_limited", "unavailable"} {
		hasPage(t, r, "kind", "error."+k)
	}
}

func hasPage(t *testing.T, r *Renderer, where, id string) {
	t.Helper()
	for _, part := range []string{".title", ".what", ".do"} {
		if !r.Has(id + part) {
			t.Errorf("%s: no words for %s%s", where, id, part)
		}
	}
}

func TestText(t *testing.T) {
	r := newRenderer(t)
	if got := r.Text(English, "no.such", nil); got != "⟦no.such⟧" {
		t.Errorf("missing: %q", got)
	}
	for n, want := range map[int][2]string{
		1: {"in a minute.", "อีก 1 นาที"}, 5: {"in 5 minutes.", "อีก 5 นาที"}, 119: {"in 119 minutes.", "อีก 119 นาที"},
		120: {"in 2 hours.", "อีก 2 ชั่วโมง"}, 121: {"in 3 hours.", "อีก 3 ชั่วโมง"}, 1440: {"in 24 hours.", "อีก 24 ชั่วโมง"},
	} {
		for _, id := range []string{"limit.exceeded", "error.limit.exceeded.do"} {
			args := map[string]any{"minutes": n}
			if got := r.Text(English, id, args); !strings.HasSuffix(got, want[0]) {
				t.Errorf("%d: %q", n, got)
			}
			if got := r.Text(Thai, id, args); !strings.HasSuffix(got, want[1]) {
				t.Errorf("%d: %q", n, got)
			}
		}
	}
	if got := r.Text(English, "verify.hint", map[string]any{"count": 1}); !strings.Contains(got, "1 hour.") {
		t.Errorf("singular: %q", got)
	}
	if got := string(r.marked(English, "client.continue", map[string]any{"Client": `<i>&"`})); got != `to continue to <bdi>&lt;i&gt;&amp;&#34;</bdi>` {
		t.Errorf("marked: %q", got)
	}
	p := &Problem{Code: "password.blocked", Args: map[string]any{"reason": "personal"}}
	if got := r.problem(English, p); got != r.Text(English, "password.blocked.personal", nil) {
		t.Errorf("reason: %q", got)
	}
	if got := r.problem(English, &Problem{Code: "unheard.of"}); got != r.Text(English, "error.form", nil) {
		t.Errorf("unknown problem: %q", got)
	}
}

func TestDates(t *testing.T) {
	at := time.Date(2026, 12, 31, 18, 30, 0, 0, time.UTC) // in Thailand the year has changed
	for _, c := range []struct{ got, want string }{
		{Day(English, at), "31 December 2026"}, {Moment(English, at), "31 December 2026, 18:30 UTC"},
		{Day(Thai, at), "1 มกราคม 2570"}, {Moment(Thai, at), "1 มกราคม 2570 เวลา 01:30\u00a0น. (เวลา\u2060ไทย)"},
		{string(timeElement(at, Day(Thai, at))), `<time datetime="2026-12-31T18:30:00Z">1 มกราคม 2570</time>`},
	} {
		if c.got != c.want {
			t.Errorf("%q, not %q", c.got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"  Baan\u202e \t Dokmai\u200b\n": "Baan Dokmai", "บ้านดอกไม้": "บ้านดอกไม้", "a\x00b\ufeffc\ufffd": "abc",
		strings.Repeat("ก", 200): strings.Repeat("ก", 79) + "…", "\u2066\u2069": "",
	} {
		if got := Inert(in); got != want {
			t.Errorf("Inert(%q) = %q, not %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"เอม": "อ", "mali": "M", "": "•", "“ไทย”": "ท", "+66•••1": "6"} {
		if got := Initial(in); got != want {
			t.Errorf("Initial(%q) = %q, not %q", in, got, want)
		}
	}
	if b := NewBrand("shop", "\u202e", "", "", ""); b.Name != "shop" || b.Initial != "S" {
		t.Errorf("a name of nothing: %+v", b)
	}
}
