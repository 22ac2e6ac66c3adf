package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// suite is the HTTP API of a running suite.
type suite struct {
	base, token     string
	http            *http.Client
	pause, patience time.Duration // between two looks at a module, and until it has to be done
}

type createdPlan struct {
	ID      string   `json:"id"`
	Modules []module `json:"modules"`
}

type module struct {
	TestModule string            `json:"testModule"`
	Variant    map[string]string `json:"variant"`
}

func spell(variant map[string]string) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(variant)) {
		list = append(list, name+"="+variant[name])
	}
	return strings.Join(list, " ")
}

func (s *suite) create(ctx context.Context, p plan, config any) (created createdPlan, err error) {
	query := url.Values{"planName": {p.name}}
	if len(p.variant) > 0 {
		query.Set("variant", asJSON(p.variant))
	}
	return created, s.call(ctx, http.MethodPost, "/api/plan", query, config, &created)
}

func (s *suite) start(ctx context.Context, plan string, m module) (id string, err error) {
	query := url.Values{"test": {m.TestModule}, "plan": {plan}}
	if len(m.Variant) > 0 {
		query.Set("variant", asJSON(m.Variant))
	}
	var started struct {
		ID string `json:"id"`
	}
	return started.ID, s.call(ctx, http.MethodPost, "/api/runner", query, nil, &started)
}

func (s *suite) proceed(ctx context.Context, id string) error {
	return s.call(ctx, http.MethodPost, "/api/runner/"+id, nil, nil, nil)
}

// wait looks at a module until it has one of the states.
func (s *suite) wait(ctx context.Context, id string, states ...string) (string, error) {
	for end := time.Now().Add(s.patience); ; {
		var info struct {
			Status string `json:"status"`
		}
		if err := s.call(ctx, http.MethodGet, "/api/info/"+id, nil, nil, &info); err != nil {
			return "", err
		}
		if slices.Contains(states, info.Status) {
			return info.Status, nil
		}
		if time.Now().After(end) {
			return "", fmt.Errorf("still %s after %s", info.Status, s.patience)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(s.pause):
		}
	}
}

// outcome is the result of a module with what its log complains of.
func (s *suite) outcome(ctx context.Context, id string) (result string, remarks []string, err error) {
	var info struct {
		Result string `json:"result"`
	}
	if err := s.call(ctx, http.MethodGet, "/api/info/"+id, nil, nil, &info); err != nil {
		return "", nil, err
	}
	var log []struct {
		Source string `json:"src"`
		Text   string `json:"msg"`
		Result string `json:"result"`
	}
	if err := s.call(ctx, http.MethodGet, "/api/log/"+id, nil, nil, &log); err != nil {
		return info.Result, nil, err
	}
	for _, entry := range log {
		if entry.Result == "FAILURE" || entry.Result == "WARNING" {
			remarks = append(remarks, entry.Result+" "+entry.Source+": "+entry.Text)
		}
	}
	return info.Result, remarks, nil
}

func (s *suite) call(ctx context.Context, method, path string, query url.Values, body, into any) error {
	var content io.Reader
	if body != nil {
		content = bytes.NewReader([]byte(asJSON(body)))
	}
	r, err := http.NewRequestWithContext(ctx, method, s.base+path, content)
	if err != nil {
		return err
	}
	r.URL.RawQuery = query.Encode()
	r.Header.Set("Content-Type", "application/json")
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	answer, err := s.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20))
	switch {
	case err != nil:
		return err
	case answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusCreated:
		return fmt.Errorf("%s %s: %s: %.300s", method, path, answer.Status, raw)
	case into == nil:
		return nil
	}
	return json.Unmarshal(raw, into)
}

func asJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps and texts
	}
	return string(raw)
}
