package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"pratu/flows/secret"
	"pratu/storage"
)

// Names and shapes of Standard Webhooks 1.0.
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
	secretPrefix    = "whsec_"
	version         = "v1"
)

// newSecret is a secret as libraries of Standard Webhooks take it: the key is what its base64 says.
func newSecret() string { return secretPrefix + base64.StdEncoding.EncodeToString(secret.Bytes(32)) }

// signature signs a message under a secret.
func signature(plain, id string, at time.Time, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(plain, secretPrefix))
	if err != nil || len(key) == 0 {
		return "", errors.New("webhooks: no key")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	mac.Write(body)
	return version + "," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// headers are those of a message, signed by each secret that is alive: whoever verifies needs one of them.
func (s *Service) headers(w storage.Webhook, id string, body []byte) (map[string]string, error) {
	now := s.Now()
	sealed := []string{w.Secret}
	if w.Previous != "" && w.PreviousUntil > storage.At(now) {
		sealed = append(sealed, w.Previous)
	}
	var all []string
	for _, x := range sealed {
		plain, err := s.Keyring.Open(sealLabel, x, w.ID)
		if err != nil {
			return nil, err
		}
		one, err := signature(string(plain), id, now, body)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return map[string]string{
		"Content-Type": "application/json", "User-Agent": "Pratu-Webhooks/1", headerID: id,
		headerTimestamp: strconv.FormatInt(now.Unix(), 10), headerSignature: strings.Join(all, " "),
	}, nil
}
