package web

import "testing"

func TestChooseLocale(t *testing.T) {
	for _, c := range []struct {
		name, stored string
		ui           []string
		accept, want string
	}{
		{"nothing known", "", nil, "", "en"},
		{"the browser's language", "", nil, "th-TH,th;q=0.9,en;q=0.8", "th"},
		{"a second language", "", nil, "fr, th;q=0.5", "th"},
		{"a wish of q=0 is none", "", nil, "th;q=0, en", "en"},
		{"none of ours", "", nil, "fr, de;q=0.5", "en"},
		{"regional English", "", nil, "en-GB", "en"},
		{"ui_locales beats the browser", "", []string{"th"}, "en", "th"},
		{"ui_locales in order", "", []string{"fr", "th-TH", "en"}, "", "th"},
		{"unknown ui_locales leave the browser's", "", []string{"fr", "xx-nonsense-"}, "th", "th"},
		{"a choice beats both", "en", []string{"th"}, "th", "en"},
		{"the other choice too", "th", []string{"en"}, "en", "th"},
		{"a forged choice counts for nothing", "../etc", []string{"th"}, "en", "th"},
		{"garbage", "", []string{"\x00", ""}, "%%%;;q=x", "en"},
	} {
		if got := ChooseLocale(c.stored, c.ui, c.accept); got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
	}
	if got := ChooseLocale("", make([]string, 10000), "th"); got != "th" {
		t.Errorf("very many ui_locales: %s", got)
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", -999: "-999", -1000: "-1,000", 1234567: "1,234,567"} {
		if got := Number(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
