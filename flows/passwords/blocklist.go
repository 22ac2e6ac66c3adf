package passwords

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// Reason is why a password is on the list of those that everybody tries first.
type Reason string

// Reasons. A page says them in words.
const (
	Common   Reason = "common"   // a well-known password or two, with the usual decoration
	Pattern  Reason = "pattern"  // a run of keys, a sequence, a repetition
	Personal Reason = "personal" // the person's own data or the product's name
)

// blocklist.txt is our own collection; one word a line, # begins a remark.
//
//go:embed blocklist.txt
var blocklist string

// dictionary holds folded words by their first character.
type dictionary map[rune][][]rune

var common = sync.OnceValue(func() dictionary { return newDictionary(strings.Split(blocklist, "\n")) })

func newDictionary(lines []string) dictionary {
	d := dictionary{}
	for _, line := range lines {
		word, _, _ := strings.Cut(line, "#")
		if w := []rune(fold(strings.TrimSpace(word))); len(w) >= 3 {
			d[w[0]] = append(d[w[0]], w)
		}
	}
	return d
}

func fold(s string) string { return strings.ToLower(s) }

// rows are keys in the order in which a finger finds them, in both directions.
var rows = sync.OnceValue(func() [][]rune {
	var list [][]rune
	for _, row := range []string{
		"1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./", "!@#$%^&*()_+", "qwertzuiop", "azertyuiop",
		"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "qazwsxedcrfvtgbyhnujm",
		"147258369", "741852963", "ๅ/-ภถุึคตจขช", "ๆไำพะัีรนยบล", "ฟหกดเ้่าสวง", "ผปแอิืทมใฝ",
		"กขคงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ",
	} {
		forward := []rune(row)
		backward := slices.Clone(forward)
		slices.Reverse(backward)
		list = append(list, forward, backward)
	}
	return list
})

// maxListed is how many listed words a blocked password consists of at most. From three on it is a passphrase, however
// plain its words are.
const maxListed = 2

// Blocked compares a whole password, whatever its letters' case, with the list: it is blocked when it consists of
// nothing but at most two listed words (with the usual digits for letters), runs of keys, sequences, repetitions, years
// and punctuation. password1234567 is; a passphrase that merely contains a listed word isn't. The answer is "" or why.
func Blocked(password string, context ...string) Reason {
	text := []rune(fold(password))
	if len(text) == 0 || len(text) > MaxLength {
		return ""
	}
	if repeated(text) || distinct(text) < 5 {
		return Pattern
	}
	own := newDictionary(append(pieces(context), "pratu", "ประตู"))
	cost, personal := cheapest(text, common(), own)
	switch {
	case cost > maxListed:
		return ""
	case personal:
		return Personal
	case cost == 0:
		return Pattern
	}
	return Common
}
