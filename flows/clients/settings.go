package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Formats of access tokens.
const (
	FormatJWT    = "jwt"
	FormatOpaque = "opaque"
)

// Lifetimes where the client states none (spec 0.3).
const (
	DefaultAccessTokenLifetime  = time.Hour
	DefaultRefreshTokenLifetime = 30 * 24 * time.Hour
)

// Seconds is a lifetime. JSON and --set take a number of seconds or a duration such as "10m"; it is shown as a number.
type Seconds int64

func (s Seconds) or(d time.Duration) time.Duration {
	if s == 0 {
		return d
	}
	return time.Duration(s) * time.Second
}

// Duration is as long as can be where there are more seconds than that: multiplied, they would come out as some other time.
func (s Seconds) Duration() time.Duration {
	const most = math.MaxInt64 / int64(time.Second)
	return time.Duration(min(max(int64(s), -most), most)) * time.Second
}

// ParseSeconds reads "600" or "10m".
func ParseSeconds(text string) (Seconds, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return Seconds(n), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d%time.Second != 0 {
		return 0, fmt.Errorf("%q is neither whole seconds nor a duration such as 10m", text)
	}
	return Seconds(d / time.Second), nil
}

// UnmarshalJSON takes a number or a string.
func (s *Seconds) UnmarshalJSON(raw []byte) error {
	text := string(bytes.TrimSpace(raw))
	if len(text) > 1 && text[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
	}
	v, err := ParseSeconds(text)
	if err != nil {
		return err
	}
	*s = v
	return nil
}
