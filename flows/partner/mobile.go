package partner

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"

	"pratu/flows/clients"
	"pratu/flows/contact"
	"pratu/flows/kind"
	"pratu/flows/secret"
)

// KeySize is the length of a partner's key.
const KeySize = 32

// maxBlocks is how long a CBC message may be: IV and number fit into two blocks, a number in another spelling into four.
const maxBlocks = 4

// somebody stands in for a number that couldn't be read, so that reading and comparing cost the same.
const somebody = "+66800000000"

// Protect is how a partner sends a number: what docs/partner-exchange.md describes, for integrators and for tests.
func Protect(protection string, key []byte, number string) (string, error) {
	c, err := contact.ParsePhone(number)
	if err != nil {
		return "", err
	}
	size := map[string]int{clients.MobileGCM: 12, clients.MobileCBC: aes.BlockSize}[protection]
	return protect(protection, key, c.Canonical, secret.Bytes(size))
}

// protect does it with a given nonce or IV.
func protect(protection string, key []byte, e164 string, nonce []byte) (string, error) {
	if protection == clients.MobileOff {
		return e164, nil
	}
	if len(key) != KeySize {
		return "", kind.New(kind.Invalid, "partner.key")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	var raw []byte
	switch protection {
	case clients.MobileGCM:
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return "", err
		}
		raw = aead.Seal(nonce, nonce, []byte(e164), nil) //nolint:gosec // drawn anew for each number
	case clients.MobileCBC:
		pad := aes.BlockSize - len(e164)%aes.BlockSize
		padded := []byte(e164)
		for range pad {
			padded = append(padded, byte(pad))
		}
		raw = append(raw, nonce...)
		raw = append(raw, padded...)
		cipher.NewCBCEncrypter(block, nonce).CryptBlocks(raw[aes.BlockSize:], padded) //nolint:gosec // what partners of old speak
	case clients.MobileHMAC:
		raw = sum(key, e164)
	default:
		return "", kind.New(kind.Invalid, "partner.protection")
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

func sum(key []byte, e164 string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(e164))
	return h.Sum(nil)
}

// Verify tells whether what was sent is one of the numbers. Whatever is wrong with it, the same work is done.
func Verify(protection string, key []byte, sent string, numbers []string) bool {
	if len(key) != KeySize && protection != clients.MobileOff {
		key, numbers = make([]byte, KeySize), nil
	}
	numbers = append([]string{secret.Token()}, numbers...) // nobody's: an account without a number costs as much
	if protection == clients.MobileHMAC {
		raw, err := base64.StdEncoding.Strict().DecodeString(sent)
		if err != nil || len(raw) != sha256.Size {
			raw = make([]byte, sha256.Size)
		}
		found := 0
		for _, n := range numbers {
			found |= subtle.ConstantTimeCompare(sum(key, n), raw)
		}
		return found == 1
	}
	number, ok := open(protection, key, sent)
	c, err := contact.ParsePhone(number)
	if err != nil {
		ok, c = false, contact.Contact{Canonical: somebody}
		_, _ = contact.ParsePhone(somebody)
	}
	found := false
	for _, n := range numbers {
		found = secret.Equal(n, c.Canonical) || found
	}
	return ok && found
}

// open is what was sent, in clear.
func open(protection string, key []byte, sent string) (number string, ok bool) {
	if protection == clients.MobileOff {
		return sent, true
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(sent)
	ok = err == nil
	block, err := aes.NewCipher(key)
	if err != nil {
		return somebody, false
	}
	if protection == clients.MobileGCM {
		return openGCM(block, raw, ok)
	}
	return openCBC(block, raw, ok)
}

func openGCM(block cipher.Block, raw []byte, ok bool) (string, bool) {
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return somebody, false
	}
	if size := aead.NonceSize(); !ok || len(raw) < size+aead.Overhead() {
		raw, ok = make([]byte, size+len(somebody)+aead.Overhead()), false
	}
	plain, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], nil)
	if err != nil {
		return somebody, false
	}
	return string(plain), ok
}

// openCBC checks the padding (PKCS #7, RFC 5652 section 6.3) without a branch on it: CBC has no authentication, and who can
// tell bad padding from a wrong number can read the number.
func openCBC(block cipher.Block, raw []byte, ok bool) (string, bool) {
	if blocks := len(raw) / aes.BlockSize; !ok || len(raw)%aes.BlockSize != 0 || blocks < 2 || blocks > maxBlocks {
		raw, ok = make([]byte, 2*aes.BlockSize), false
	}
	plain := make([]byte, len(raw)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, raw[:aes.BlockSize]).CryptBlocks(plain, raw[aes.BlockSize:]) //nolint:gosec // what partners of old speak
	pad := int(plain[len(plain)-1])
	good := subtle.ConstantTimeLessOrEq(1, pad) & subtle.ConstantTimeLessOrEq(pad, aes.BlockSize)
	for i := range aes.BlockSize {
		inside := subtle.ConstantTimeLessOrEq(i+1, pad)
		same := subtle.ConstantTimeByteEq(plain[len(plain)-1-i], byte(pad))
		good &= subtle.ConstantTimeSelect(inside, same, 1)
	}
	if end := len(plain) - subtle.ConstantTimeSelect(good, pad, aes.BlockSize); good == 1 && end > 0 {
		return string(plain[:end]), ok
	}
	return somebody, false
}
