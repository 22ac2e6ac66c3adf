package web

import "strings"

// thaiTerms are words that browsers tear apart at the end of a line: Thai has no spaces, so they break by a dictionary,
// which differs between them, lacks loan words and knows only the parts of many compounds. | stands between all syllables
// at which one might break: a word that is glued in part is no longer in the dictionary. A term stands before its parts.
var thaiTerms = []string{
	"ปิด|ใช้|งาน", "ใช้|งาน", "เข้า|สู่|ระบบ", "ออก|จาก|ระบบ", "ผู้|ดู|แล", "ราย|ละ|เอียด", "รหัส|ผ่าน", "ตัว|อัก|ษร",
	"ตรวจ|สอบ", "ด้าน|ล่าง", "ด้าน|หน้า", "หน้า|ใหม่", "ที่|นี่", "ที่|นั่น", "อีก|ครั้ง", "เกิด|ขึ้น", "สูญ|หาย", "ล่า|สุด", "ลง|ทะเบียน", "ข้อ|ผิด|พลาด",
	"พร็|อก|ซี", "แอป|พลิ|เค|ชัน", "เบ|ราว์|เซอร์", "เซิร์ฟ|เวอร์", "คุก|กี้", "อี|เมล", "โฟล|เดอร์",
}

const wordJoiner = "\u2060"

// gluedThai puts an invisible joiner where no line may end.
var gluedThai = func() *strings.Replacer {
	var pairs []string
	for _, term := range thaiTerms {
		pairs = append(pairs, strings.ReplaceAll(term, "|", ""), strings.ReplaceAll(term, "|", wordJoiner))
	}
	return strings.NewReplacer(pairs...)
}()
