package cli

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A docker engine isn't at hand everywhere, so this builds what the Dockerfile builds, with the flags read from it,
// and looks at the file: static, stripped, no paths of this machine.
func TestDockerfileBuildsAStaticBinary(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED with -short: compiles the whole program once more, with the Dockerfile's flags")
	}
	raw, err := os.ReadFile("../docker/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`go build (-trimpath) -ldflags="([^"]+)" -o \S+ \.`).FindSubmatch(raw)
	if found == nil || !strings.Contains(string(raw), "CGO_ENABLED=0") {
		t.Fatal("the Dockerfile doesn't build a static binary")
	}
	out := filepath.Join(t.TempDir(), "pratu")
	build := exec.Command("go", "build", string(found[1]), "-ldflags", strings.ReplaceAll(string(found[2]), "${VERSION}", "1.2.3"), "-o", out, "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	f, err := elf.Open(out)
	if err != nil {
		t.Skipf("SKIPPED: not an ELF system (%v)", err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the binary needs a dynamic loader, which distroless/static doesn't have")
		}
	}
	if f.Section(".symtab") != nil {
		t.Error("not stripped")
	}
	binary, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if wd, _ := os.Getwd(); bytes.Contains(binary, []byte(wd)) {
		t.Error("the binary tells where it was built")
	}
	text, err := exec.Command(out, "version", "-o", "json").Output()
	if err != nil || !strings.Contains(string(text), `"version": "1.2.3"`) {
		t.Errorf("%v %s", err, text)
	}
}

// What an image must say for itself.
func TestDockerfile(t *testing.T) {
	raw, err := os.ReadFile("../docker/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	final := string(raw[bytes.LastIndex(raw, []byte("\nFROM ")):])
	for _, part := range []string{
		"distroless/static", ":nonroot", "USER 65532", "HEALTHCHECK", `CMD ["/pratu", "healthcheck"]`, `ENTRYPOINT ["/pratu"]`,
		"org.opencontainers.image.licenses", "VOLUME /data",
	} {
		if !strings.Contains(final, part) {
			t.Errorf("the image lacks %s", part)
		}
	}
	if regexp.MustCompile(`(?m)^RUN`).MatchString(final) {
		t.Error("distroless has no shell to RUN anything")
	}
	for _, variable := range regexp.MustCompile(`PRATU_[A-Z_]+`).FindAllString(final, -1) {
		known := false
		for _, o := range options() {
			known = known || o.env() == variable
		}
		if !known {
			t.Errorf("the image sets %s, which the program doesn't know", variable)
		}
	}
}
