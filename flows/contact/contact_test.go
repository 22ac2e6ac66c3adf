package contact

import (
	"strings"
	"testing"

	"pratu/flows/kind"
)

func TestParseEmail(t *testing.T) {
	for given, want := range map[string]struct{ value, canonical string }{
		"kate@x.test":                         {"kate@x.test", "kate@x.test"},
		"  Kate.O'Hara+tag@Example.COM\u00a0": {"Kate.O'Hara+tag@Example.COM", "kate.o'hara+tag@example.com"},
		"\u200bka\u200dte@x.test\ufeff":       {"kate@x.test", "kate@x.test"},
		"\u202akate@x.test\u202c":             {"kate@x.test", "kate@x.test"},
		"kate@BÜCHER.example":                 {"kate@xn--bcher-kva.example", "kate@xn--bcher-kva.example"},
		"kate@XN--bcher-KVA.example":          {"kate@XN--bcher-KVA.example", "kate@xn--bcher-kva.example"},
		"kate@ไทย.ไทย":                        {"kate@xn--o3cw4h.xn--o3cw4h", "kate@xn--o3cw4h.xn--o3cw4h"},
		"1@2.th":                              {"1@2.th", "1@2.th"},
	} {
		c, err := ParseEmail(given)
		if err != nil || c.Value != want.value || c.Canonical != want.canonical || c.Kind != Email {
			t.Errorf("ParseEmail(%q) = %+v, %v", given, c, err)
		}
	}
}

func TestParseEmailRefuses(t *testing.T) {
	for _, given := range []string{
		"", " ", "@", "kate", "@x.test", "kate@", "kate@x", "a@localhost", "kate@x.", "kate@.test", "kate@x..test",
		"\u212Aate@x.test", "kåte@x.test", "ｋate@x.test", "kate＠x.test",
		"alice@x.test@evil.test", "a@x.test\r\nBcc:e@evil.test", "a@x.test\n", "a@x.test%0d%0aBcc:e@evil.test", "a\x00@x.test",
		"Kate <kate@x.test>", "<kate@x.test>", "kate@x.test,eve@x.test", "kate@x.test eve", "ka te@x.test", `"kate"@x.test`,
		"kate(comment)@x.test", "kate@[127.0.0.1]", "kate@127.0.0.1", "kate@x.1", "kate@[IPv6:::1]", ".kate@x.test", "kate.@x.test",
		"ka..te@x.test", "kate@-x.test", "kate@x-.test", "kate@x_y.test", "kate@xn--a.test", "mailto:kate@x.test",
		"=?utf-8?q?kate=40evil.test=3E=00?=@x.test",
		strings.Repeat("a", 65) + "@x.test", "a@" + strings.Repeat("a", 64) + ".test",
		"a@" + strings.Repeat("aaaaaaa.", 32) + "test", strings.Repeat(" ", 600) + "a@x.test", "a@\xff.test",
	} {
		if c, err := ParseEmail(given); kind.Of(err) != kind.Invalid || !kind.Is(err, "contact.email_invalid") {
			t.Errorf("ParseEmail(%q) = %+v, %v", given, c, err)
		}
	}
}

func TestParsePhone(t *testing.T) {
	for given, want := range map[string]string{
		"0812345678": "+66812345678", "081-234-5678": "+66812345678", " 081 234 5678\u200b": "+66812345678",
		"๐๘๑๒๓๔๕๖๗๘": "+66812345678", "０８１２３４５６７８": "+66812345678", "+66812345678": "+66812345678",
		"+66 (0)81 234 5678": "+66812345678", "0066812345678": "+66812345678", "00 66 81 234 5678": "+66812345678",
		"081–234–5678": "+66812345678", "02 123 4567": "+6621234567", "+44 20 7946 0958": "+442079460958",
		"+66815558888": "+66815558888", "+66815550100": "+66815550100",
	} {
		c, err := ParsePhone(given)
		if err != nil || c.Value != want || c.Canonical != want || c.Kind != Phone {
			t.Errorf("ParsePhone(%q) = %+v, %v", given, c, err)
		}
	}
}

func TestParsePhoneRefuses(t *testing.T) {
	for _, given := range []string{
		"", "12345", "191", "tel:+66812345678", "+66812345678;ext=5", "+66812345678 ext 5", "+66812345678x5", "1-800-FLOWERS",
		"0812345678,5", "08123456789012345678", "+", "+0812345678", "0812345678\n", "081+2345678", "++66812345678",
		"0812345678;phone-context=+66", "1900123456", "0812 345", "+999123456789", "०८१२३४५६७८",
	} {
		if c, err := ParsePhone(given); !kind.Is(err, "contact.phone_invalid") {
			t.Errorf("ParsePhone(%q) = %+v, %v", given, c, err)
		}
	}
}

func TestParseTellsThemApart(t *testing.T) {
	if c, _ := Parse("081 234 5678"); c.Kind != Phone {
		t.Errorf("phone: %+v", c)
	}
	if c, _ := Parse("a@x.test"); c.Kind != Email {
		t.Errorf("e-mail: %+v", c)
	}
	if c, err := Parse("somchai"); err == nil {
		t.Errorf("user names don't exist: %+v", c)
	}
}

func TestStoredKeepsTheValue(t *testing.T) {
	if c := Stored(Email, "Kate@X.test"); c.Value != "Kate@X.test" || c.Canonical != "kate@x.test" {
		t.Errorf("%+v", c)
	}
}

func TestMask(t *testing.T) {
	for _, c := range []struct{ kind, value, want string }{
		{Email, "somchai@example.com", "s•••@example.com"}, {Email, "a@x.test", "•••@x.test"}, {Phone, "+66812345678", "+66•••678"},
	} {
		if got := Mask(Stored(c.kind, c.value)); got != c.want {
			t.Errorf("Mask(%s) = %s", c.value, got)
		}
	}
}

func TestCleanCode(t *testing.T) {
	for given, want := range map[string]string{"123 456": "123456", "１２３-๔๕๖": "123456", "\u200e123456\n": "123456", "12a": "12a"} {
		if got := CleanCode(given); got != want {
			t.Errorf("CleanCode(%q) = %q", given, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a@x.test", "0812345678", "\u212Aate@x.test", "a@ไทย.ไทย", "+66 81"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := Parse(s)
		if err != nil {
			return
		}
		// What was accepted is accepted again, as itself: one person, one canonical form.
		again, err := Parse(c.Value)
		if err != nil || again != c {
			t.Errorf("%q → %+v → %+v, %v", s, c, again, err)
		}
		last, err := Parse(c.Canonical)
		if err != nil || last.Canonical != c.Canonical {
			t.Errorf("%q → %+v: canonical form isn't stable: %+v, %v", s, c, last, err)
		}
	})
}
