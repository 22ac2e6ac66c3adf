package passwords

import (
	"slices"
	"strings"
	"unicode"
)

// pieces are the words of the context: each as it is, and what stands between its punctuation.
func pieces(context []string) []string {
	var list []string
	for _, c := range context {
		list = append(list, c)
		list = append(list, strings.FieldsFunc(c, punctuation)...)
	}
	return list
}

func punctuation(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}

// repeated finds a unit that fills the whole text: a short one, or a longer one three times.
func repeated(text []rune) bool {
	n := len(text)
	for unit := 1; unit <= n/2 && (unit <= 7 || unit <= n/3); unit++ {
		same := true
		for i := unit; i < n && same; i++ {
			same = text[i] == text[i-unit]
		}
		if same {
			return true
		}
	}
	return false
}

func distinct(text []rune) int {
	seen := map[rune]bool{}
	for _, r := range text {
		seen[r] = true
	}
	return len(seen)
}

// cheapest is the least number of listed words with which the text can be spelled out completely, more than maxListed
// when it can't be. personal tells whether one of them is from own. Everything that isn't a word is free.
func cheapest(text []rune, common, own dictionary) (cost int, personal bool) {
	type state struct {
		cost     int
		personal bool
	}
	best := make([]state, len(text)+1)
	for i := range best[1:] {
		best[i+1].cost = maxListed + 1
	}
	for i := range text {
		here := best[i]
		if here.cost > maxListed {
			continue
		}
		reach := func(length, price int, mine bool) {
			if length > 0 && here.cost+price < best[i+length].cost {
				best[i+length] = state{here.cost + price, here.personal || mine}
			}
		}
		rest := text[i:]
		for n := 3; n <= run(rest); n++ {
			reach(n, 0, false)
		}
		if year(rest) {
			reach(4, 0, false)
		}
		if i > 0 && len(rest) <= 4 && !slices.ContainsFunc(rest, func(r rune) bool { return !unicode.IsDigit(r) }) {
			reach(len(rest), 0, false)
		}
		if i == 0 || !punctuation(text[i-1]) {
			for n := 1; n <= min(3, len(rest)) && punctuation(rest[n-1]); n++ {
				reach(n, 0, false)
			}
		}
		for _, n := range own.prefixes(rest) {
			reach(n, 1, true)
		}
		for _, n := range common.prefixes(rest) {
			reach(n, 1, false)
		}
	}
	return best[len(text)].cost, best[len(text)].personal
}

// leet are the letters that a sign usually stands for.
var leet = map[rune]string{
	'0': "o", '1': "il", '3': "e", '4': "a", '5': "s", '7': "t", '8': "b", '9': "g", '@': "a", '$': "s", '!': "i", '+': "t", '|': "l",
}

func stands(sign, letter rune) bool {
	return sign == letter || strings.ContainsRune(leet[sign], letter)
}

// prefixes are the lengths of the words with which text begins, each also when it is said several times over.
func (d dictionary) prefixes(text []rune) []int {
	var lengths []int
	for _, first := range append([]rune(leet[text[0]]), text[0]) {
		for _, word := range d[first] {
			n := len(word)
			for end := n; end <= len(text) && slices.EqualFunc(text[end-n:end], word, stands); end += n {
				lengths = append(lengths, end)
			}
		}
	}
	return lengths
}

// run is the length of the longest repetition, sequence or row of keys with which text begins.
func run(text []rune) int {
	longest := 1
	for _, step := range []rune{0, 1, -1} {
		n := 1
		for n < len(text) && (text[n]-text[n-1] == step || digitWrap(text[n-1], text[n], step)) {
			n++
		}
		longest = max(longest, n)
	}
	for _, row := range rows() {
		for at := range row {
			longest = max(longest, shared(text, row[at:]))
		}
	}
	return longest
}

// digitWrap lets a sequence go on from 9 to 0 and back.
func digitWrap(a, b, step rune) bool {
	return step == 1 && a == '9' && b == '0' || step == -1 && a == '0' && b == '9'
}

func shared(a, b []rune) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// year tells whether text begins with a year of somebody's life, in either era.
func year(text []rune) bool {
	if len(text) < 4 || !unicode.IsDigit(text[2]) || !unicode.IsDigit(text[3]) {
		return false
	}
	switch string(text[:2]) {
	case "19", "20", "24", "25":
		return true
	}
	return false
}
