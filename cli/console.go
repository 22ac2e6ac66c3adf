package cli

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pratu/flows/office"
	"pratu/storage"
)

// runningSettings are the keys as this program runs by them. What may hold a secret says only whether it is set.
func (c *Config) runningSettings() (list []office.Setting) {
	v := reflect.ValueOf(c).Elem()
	for _, o := range options() {
		field := v.Field(o.index)
		text := fmt.Sprint(field.Interface())
		if o.kind.Kind() == reflect.Slice {
			text = strings.Join(field.Interface().([]string), ", ")
		}
		s := office.Setting{Name: o.key, Value: text, Secret: o.secret, Set: !field.IsZero() && text != o.def}
		if d, is := field.Interface().(time.Duration); is {
			def, _ := time.ParseDuration(o.def)
			s.Set = d != def
		}
		if o.secret {
			s.Value = ""
		}
		list = append(list, s)
	}
	return list
}

const figuresEvery = time.Minute

// figures counts hours of the record that are over, and makes people findable by name who weren't.
func (s *running) figures() func(ctx context.Context) error {
	return s.leased("figures", func(ctx context.Context) error {
		_, err := s.office.Count(ctx)
		return errors.Join(err, s.office.IndexNames(ctx))
	})
}

// tokenFigures writes down how many tokens this process issued since the last time. Each replica adds its own: most tokens
// leave no row that could be counted. What the last minute of a process did is lost when it is killed.
type tokenFigures struct {
	metrics prometheus.Gatherer
	store   *storage.Store
	now     func() time.Time

	mu      sync.Mutex
	written map[string]int64
}

func (f *tokenFigures) flush(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.written == nil {
		f.written = map[string]int64{}
	}
	families, err := f.metrics.Gather()
	if err != nil {
		return err
	}
	for _, family := range families {
		if family.GetName() != "pratu_tokens_issued_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if labels["token"] != "access" { // what comes with it is no further answer
				continue
			}
			grant, total := labels["grant"], int64(m.GetCounter().GetValue())
			more := total - f.written[grant]
			if more <= 0 {
				continue
			}
			figure := storage.Figure{Hour: storage.HourOf(storage.At(f.now())), Name: office.TokenPrefix + grant, Count: more}
			if err := f.store.AddFigure(ctx, figure); err != nil {
				return err
			}
			f.written[grant] = total
		}
	}
	return nil
}
