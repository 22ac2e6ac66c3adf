package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary builds the program under test once, with the race detector where the tests have it.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pratu-e2e")
	if err != nil {
		return "", err
	}
	back = append(back, func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "pratu")
	args := []string{"build", "-o", path}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, ".")...)
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

// back gives back what was made once for all tests.
var back []func()

func TestMain(m *testing.M) {
	code := m.Run()
	for _, give := range back {
		give()
	}
	os.Exit(code)
}

// program is a running pratu.
type program struct {
	t       *testing.T
	Issuer  string
	Demo    string
	Setup   string // the first administrator's link
	DataDir string
	env     []string
	cmd     *exec.Cmd
	log     *lockedBuffer
	done    chan error
}

// startDev runs pratu dev on free ports with an empty data directory; env adds to its environment.
func startDev(t *testing.T, env ...string) *program {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatalf("pratu doesn't build: %v", err)
	}
	ports := freePorts(t, 3)
	p := &program{t: t, DataDir: t.TempDir(), log: &lockedBuffer{}, done: make(chan error, 1)}
	p.Issuer = fmt.Sprintf("http://localhost:%d", ports[0])
	p.env = append(cleanEnv(), "PRATU_ISSUER="+p.Issuer, "PRATU_DATA_DIR="+p.DataDir,
		fmt.Sprintf("PRATU_LISTEN=127.0.0.1:%d", ports[0]), fmt.Sprintf("PRATU_OPS_LISTEN=127.0.0.1:%d", ports[1]))
	p.env = append(p.env, env...)
	p.cmd = exec.Command(path, "dev", fmt.Sprintf("--demo-listen=127.0.0.1:%d", ports[2]))
	p.cmd.Env, p.cmd.Stderr = p.env, p.log
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	banner := make(chan string, 1)
	go func() {
		lines := bufio.NewReader(stdout)
		line, _ := lines.ReadString('\n')
		banner <- line
		_, _ = lines.WriteTo(p.log)
		p.done <- p.cmd.Wait()
	}()
	t.Cleanup(p.stop)
	select {
	case line := <-banner:
		var ready struct{ Event, Demo, Setup string }
		if json.Unmarshal([]byte(line), &ready) != nil || ready.Event != "dev.ready" {
			t.Fatalf("pratu dev said %q", line)
		}
		p.Demo, p.Setup = ready.Demo, ready.Setup
	case <-time.After(time.Minute):
		t.Fatal("pratu dev isn't ready after a minute")
	}
	return p
}

// stop ends the program as an operator would; a race that its detector saw, or an exit code, fails the test.
func (p *program) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.done:
		if err != nil {
			p.t.Errorf("pratu ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		p.t.Error("pratu didn't end within 20 s of SIGTERM")
	}
	log := p.log.String()
	if strings.Contains(log, "DATA RACE") || strings.Contains(log, `"status":500`) || strings.Contains(log, "panic") || p.t.Failed() {
		p.t.Logf("the program's log:\n%s", tail(log, 12000))
	}
	if strings.Contains(log, "DATA RACE") || strings.Contains(log, "panic:") {
		p.t.Error("a race or a panic is in the program's log")
	}
}

// run is the command line beside the running server.
func (p *program) run(stdin string, args ...string) []byte {
	p.t.Helper()
	path, _ := binary()
	cmd := exec.Command(path, args...)
	var stderr bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stderr = p.env, strings.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("pratu %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return out
}

const password = "seven lanterns over the klong"

// account creates a person whose address is proven.
func (p *program) account(email string) {
	p.t.Helper()
	p.run(password, "account", "create", "--email", email, "--verified", "--password-stdin", "-o", "json")
}

// client registers a client from RFC 7591 names and returns its secret, if it has one.
func (p *program) client(document map[string]any) string {
	p.t.Helper()
	raw, err := json.Marshal(document)
	if err != nil {
		p.t.Fatal(err)
	}
	var made struct {
		Secret string `json:"client_secret"`
	}
	out := p.run(string(raw), "client", "create", "-f", "-", "-o", "json")
	if err := json.Unmarshal(out, &made); err != nil {
		p.t.Fatalf("%v: %s", err, out)
	}
	return made.Secret
}

// cleanEnv is our environment without any configuration of the program.
func cleanEnv() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "PRATU_") {
			env = append(env, e)
		}
	}
	return env
}

func freePorts(t *testing.T, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // all stay open until the last is found, so that none comes twice
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports
}

// missing skips the test, and in CI fails it: a suite that nobody runs proves nothing.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing, and with CI=true nothing is skipped", what)
	}
	t.Skipf("SKIPPED: %s is missing; make test says how to install it", what)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return "…" + s[len(s)-n:]
}
