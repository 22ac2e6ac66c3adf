package limits

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// The documentation has the numbers of the code.
func TestDocumentation(t *testing.T) {
	raw, err := os.ReadFile("../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for _, p := range Table() {
		fmt.Fprintf(&rows, "| `%s` | %d | %s | %s |\n", p.Name, p.Budget, window(p.Window), p.About)
	}
	if !strings.Contains(string(raw), rows.String()) {
		t.Errorf("docs/limits.md should have these rows:\n%s", rows.String())
	}
}

func window(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%d d", d/(24*time.Hour))
	case d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d min", d/time.Minute)
}

func TestOverride(t *testing.T) {
	if _, o, err := ParseOverride("mail.day=9/2d"); err != nil || o != (Override{9, 48 * time.Hour}) {
		t.Errorf("days: %+v %v", o, err)
	}
	name, o, err := ParseOverride("signin.account=10/15m")
	if err != nil || name != "signin.account" || o != (Override{10, 15 * time.Minute}) {
		t.Errorf("%q %+v %v", name, o, err)
	}
	for _, bad := range []string{"", "signin.account", "signin.account=0/15m", "signin.account=10/1ms", "signin.acount=10/15m", "signin.account=x/15m"} {
		if _, _, err := ParseOverride(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
