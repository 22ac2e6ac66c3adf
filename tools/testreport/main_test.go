package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	const passed = `{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
`
	const skipped = `{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: SKIPPED: no chromium\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
`
	const failed = `{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:9: got 1\n"}
{"Action":"fail","Package":"p","Test":"TestC"}
{"Action":"fail","Package":"p"}
`
	const broken = `{"ImportPath":"p","Action":"build-output","Output":"p.go:1: undefined: x\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"fail","Package":"p","FailedBuild":"p"}
`
	for name, c := range map[string]struct {
		in    string
		ci    bool
		code  int
		parts []string
	}{
		"all passed":               {in: passed, ci: true, code: 0, parts: []string{"1 passed, 0 failed, 0 skipped"}},
		"skipped on a laptop":      {in: passed + skipped, code: 0, parts: []string{"SKIPPED p TestB: b_test.go:7: SKIPPED: no chromium", "1 skipped"}},
		"skipped in CI":            {in: passed + skipped, ci: true, code: 1},
		"failed":                   {in: passed + failed, code: 1, parts: []string{"c_test.go:9: got 1", "FAIL\tp"}},
		"a build failed":           {in: passed + broken, code: 1, parts: []string{"undefined: x"}},
		"nothing ran":              {in: "", code: 1},
		"a package died by itself": {in: passed + `{"Action":"output","Package":"p","Output":"panic: x\n"}` + "\n" + `{"Action":"fail","Package":"p"}`, code: 1, parts: []string{"panic: x"}},
	} {
		var out bytes.Buffer
		r := &report{out: &out, texts: map[string]*bytes.Buffer{}}
		r.read(strings.NewReader(c.in))
		if code := r.close(time.Second, c.ci); code != c.code {
			t.Errorf("%s: code %d, want %d", name, code, c.code)
		}
		for _, part := range c.parts {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%s: %q lacks %q", name, out.String(), part)
			}
		}
		if strings.Contains(out.String(), "noise") {
			t.Errorf("%s: the output of a passed test was printed", name)
		}
	}
}
