package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the program: what runs below is main itself, with the race detector if the tests have it.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_PROGRAM") == "1" {
		main()
	}
	os.Exit(m.Run())
}

// deployment is what replicas share: a database, a secret key, the issuer's name and a directory of mails.
type deployment struct {
	t        *testing.T
	database string
	issuer   string
	mails    string
	env      []string
}

func newDeployment(t *testing.T, database string) *deployment {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	d := &deployment{t: t, database: database, issuer: "http://" + freeAddress(t, "localhost"), mails: t.TempDir()}
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "PRATU_") {
			d.env = append(d.env, e)
		}
	}
	d.env = append(d.env, "RUN_PROGRAM=1", "PRATU_ISSUER="+d.issuer, "PRATU_DATABASE_URL="+database, "PRATU_DATA_DIR="+t.TempDir(),
		"PRATU_SECRET_KEY="+base64.StdEncoding.EncodeToString(key), "PRATU_MAIL=file:"+d.mails, "PRATU_LOG_FORMAT=json")
	return d
}

func freeAddress(t *testing.T, host string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprintf("%s:%d", host, l.Addr().(*net.TCPAddr).Port)
}

// cli runs a command of the program beside its servers, and returns what it printed.
func (d *deployment) cli(stdin string, args ...string) []byte {
	d.t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	var stderr bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stderr = d.env, strings.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		d.t.Fatalf("pratu %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return out
}

// replica is one running server. Its client reaches it under the issuer's name, wherever it listens.
type replica struct {
	*deployment
	http *http.Client
	cmd  *exec.Cmd
	log  bytes.Buffer
}

// serve starts a replica; the first one listens where the issuer says.
func (d *deployment) serve(listen string) *replica {
	d.t.Helper()
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	r := &replica{deployment: d, http: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == strings.TrimPrefix(d.issuer, "http://") {
				address = listen
			}
			return dialer.DialContext(ctx, network, address)
		},
	}}}
	r.cmd = exec.Command(os.Args[0], "serve", "--listen", listen, "--ops-listen", "off")
	r.cmd.Env, r.cmd.Stdout, r.cmd.Stderr = d.env, &r.log, &r.log
	if err := r.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(r.stop)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		answer, err := r.http.Get(d.issuer + "/.well-known/openid-configuration")
		if err == nil {
			answer.Body.Close()
			return r
		}
		if time.Now().After(deadline) {
			r.stop()
			d.t.Fatalf("the server isn't up after 30 s: %v\n%s", err, r.log.String())
		}
	}
}

// stop ends a replica as an operator would. It must go willingly, and have nothing to be ashamed of in its log.
func (r *replica) stop() {
	if r.cmd.ProcessState != nil {
		return
	}
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	watchdog := time.AfterFunc(20*time.Second, func() { _ = r.cmd.Process.Kill() })
	defer watchdog.Stop()
	if err := r.cmd.Wait(); err != nil {
		r.t.Errorf("the server ended with %v", err)
	}
	r.looksAtLog()
}

// kill ends a replica as a power cut does.
func (r *replica) kill() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	r.looksAtLog()
}

func (r *replica) looksAtLog() {
	r.t.Helper()
	log := r.log.String()
	for _, bad := range []string{"DATA RACE", "panic:", `"level":"ERROR"`, person, password, "pratu_rt_", "eyJhbGci"} {
		if strings.Contains(log, bad) {
			r.t.Errorf("the log has %q", bad)
		}
	}
	if r.t.Failed() {
		r.t.Logf("the server's log:\n%s", log)
	}
}

// mailedCode is the code that the newest mail's subject begins with.
func (d *deployment) mailedCode() string {
	d.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		found, _ := filepath.Glob(filepath.Join(d.mails, "*.eml"))
		if len(found) == 0 {
			continue
		}
		raw, err := os.ReadFile(found[len(found)-1])
		if err != nil {
			d.t.Fatal(err)
		}
		_, subject, _ := strings.Cut(string(raw), "Subject: ")
		if len(subject) > 6 {
			return subject[:6]
		}
	}
	d.t.Fatal("no mail within 20 s")
	return ""
}

func read(t *testing.T, answer *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
