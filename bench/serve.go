package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"time"

	"pratu/bench/floor"
)

const callback = "http://127.0.0.1:9/callback" // the port of the discard service: nobody answers there, nobody asks

// serveFloor is this program in another process, so that its CPU time is counted apart.
func serveFloor(args []string) {
	flags := flag.NewFlagSet("floor", flag.ExitOnError)
	addr := flags.String("addr", "", "loopback address to listen on")
	key := flags.String("provider", "", "modulus of the key whose posted tokens sign in, in base64url")
	database := flags.String("db", "", "address of a PostgreSQL database to do transactions in")
	durable := flags.Bool("durable", false, "have every operation use that database")
	alg := flags.String("alg", "ES256", "algorithm of ID tokens")
	_ = flags.Parse(args)
	s, err := floor.New(floor.Options{Issuer: "http://" + *addr, ClientID: "bench", ClientSecret: "bench-secret",
		RedirectURI: callback, Username: "user@example.com", Password: password, Algorithm: *alg, Provider: *key, Database: *database,
		Durable: *durable})
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: *addr, Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

// startFloor runs the floor. With the address of a database it does transactions in it, in every operation if it is durable.
func startFloor(alg, database string, durable bool, workers int) (r *ready, stopIt func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	ports, err := freePorts(1)
	if err != nil {
		return nil, nil, err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", ports[0])
	t := &target{name: "floor " + alg, issuer: "http://" + addr, web: client{"bench", "bench-secret"}, machine: client{"bench", "bench-secret"},
		redirectURI: callback, username: "user@example.com", password: password}
	cmd := exec.Command(self, "floor", "-addr", addr, "-alg", alg, "-provider", provider().JWK["n"], "-db", database,
		"-durable="+strconv.FormatBool(durable && database != ""))
	if _, cmd, err = startUp(t, cmd); err != nil {
		return nil, nil, err
	}
	t.procs = watchedWith(cmd.Process.Pid, database != "")
	if r, err = newReady(t, workers); err != nil {
		stop(cmd)
		return nil, nil, err
	}
	r.database = database != ""
	return r, func() { stop(cmd) }, nil
}

// watchedWith is a server, and PostgreSQL if it uses that.
func watchedWith(pid int, database bool) []*watched {
	procs := []*watched{{"server", pid}}
	if pid, err := strconv.Atoi(os.Getenv("PRATU_TEST_POSTGRES_PID")); database && err == nil {
		procs = append(procs, &watched{"postgres", pid})
	}
	return procs
}

// startUp starts a server and waits until its discovery document answers.
func startUp(t *target, cmd *exec.Cmd) (time.Duration, *exec.Cmd, error) {
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	rt := newTransport(1)
	defer rt.CloseIdleConnections()
	c := &http.Client{Transport: rt, Timeout: 2 * time.Second}
	for time.Since(begin) < time.Minute {
		if res, err := c.Get(t.discoveryURL()); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return time.Since(begin), cmd, nil
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	stop(cmd)
	return 0, nil, fmt.Errorf("%s was not healthy after a minute", t.name)
}

func stop(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = cmd.Process.Kill()
		<-done
	}
}

func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
