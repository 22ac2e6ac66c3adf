package passwords

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"pratu/flows/kind"
)

func TestCheck(t *testing.T) {
	for _, good := range []string{
		"correct horse mountain staple", "ประตูบานนี้เปิดด้วยกุญแจทองคำ", "แมวดำสามตัวนอนบนหลังคาบ้าน", "my password is a very long sentence",
		"Tr0ub4dor and 3 friends", "837261947382615", "xK9#mQ2$vL5@nR8", "summer winter spring autumn", "สามคำ สี่คำ ห้าคำ หกคำ",
		"the quick brown fox jumps", strings.Repeat("long passphrase ok ", 3) + "และภาษาไทยด้วย", "zebra-copper-violin-9",
	} {
		if err := Check(good, MinAlone); err != nil {
			t.Errorf("Check(%q) = %v", good, err)
		}
	}
	for bad, code := range map[string]string{
		"": "password.too_short", "short": "password.too_short", "สั้น": "password.too_short", strings.Repeat("é", 14): "password.too_short",
		strings.Repeat("ab cd ef ", 40): "password.too_long", strings.Repeat("x", 10000): "password.too_long",
		"line\nfeed in a password": "password.invalid", "bad utf-8 \xff here, really": "password.invalid",
	} {
		if err := Check(bad, MinAlone); !kind.Is(err, code) || kind.Of(err) != kind.Invalid {
			t.Errorf("Check(%.30q) = %v, want %s", bad, err, code)
		}
	}
	// One code point is one character, after NFC: decomposed letters don't count twice.
	if err := Check(strings.Repeat("e\u0301x", 7), MinAlone); !kind.Is(err, "password.too_short") {
		t.Errorf("decomposed: %v", err)
	}
}

func TestBlocked(t *testing.T) {
	for password, reason := range map[string]Reason{
		"password1234567": Common, "PASSWORD1234567": Common, "P@ssw0rd1234567": Common, "passwordpassword": Common, "Password!2024!!": Common,
		"iloveyou-Bangkok": Common, "qwertyuiopasdfgh": Pattern, "1234567890123456": Pattern, "aaaaaaaaaaaaaaa": Pattern, "abcabcabcabcabc": Pattern,
		"letmein12345678": Common, "1q2w3e4r5t6y7u8i": Pattern, "adminadminadmin": Pattern, "Welcome2024!!!!": Common, "987654321987654": Pattern,
		"somchai19901990": Common, "ฉันรักเธอ๑๒๓๔๕๖": Common, "รหัสผ่าน12345678": Common, "pratu1234567890": Personal, "PratuPratuPratu1": Personal,
		"correcthorsebatterystaple": Common, "kate.hepburn2024": Personal, "Kate@x.test12345": Personal, "abcdefghijklmnop": Pattern,
		"1qaz2wsx3edc4rfv": Pattern, "qwerty!@#$%^123456": Pattern, "password9999password": Common, "121212121212121": Pattern,
		"zyxwvutsrqponml": Pattern, "ฟหกดเ้่าสวงฟหกด": Pattern,
	} {
		if got := Blocked(password, "kate@x.test", "Kate Hepburn"); got != reason && !(reason == Common && got == Pattern) {
			t.Errorf("Blocked(%q) = %q, want %q", password, got, reason)
		}
	}
	err := Check("password1234567", MinAlone)
	e, _ := kind.As(err)
	if e == nil || e.Code != "password.blocked" || e.Args["reason"] != "common" {
		t.Errorf("HP-10: %v", err)
	}
}

func TestHashVerify(t *testing.T) {
	ctx, h := context.Background(), New(Cheap)
	const composed, decomposed = "caf\u00e9 กับนมสดหวานน้อย", "cafe\u0301 กับนมสดหวานน้อย"
	phc, err := h.Hash(ctx, composed)
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatal(phc, err)
	}
	for _, password := range []string{composed, decomposed} { // HP-09
		if ok, rehash, err := h.Verify(ctx, phc, password); !ok || rehash || err != nil {
			t.Errorf("%q: %v %v %v", password, ok, rehash, err)
		}
	}
	if ok, _, err := h.Verify(ctx, phc, composed+" "); ok || err != nil {
		t.Errorf("wrong password: %v %v", ok, err)
	}
	long := strings.Repeat("ก", 100)
	phc, _ = h.Hash(ctx, long)
	if ok, _, _ := h.Verify(ctx, phc, long[:len(long)-3]); ok {
		t.Error("a truncated password is another one")
	}
	if _, _, err := h.Verify(ctx, "$argon2id$broken", "x"); !errors.Is(err, ErrUnreadable) {
		t.Errorf("broken hash: %v", err)
	}
}

func TestRehash(t *testing.T) {
	ctx, old, h := context.Background(), New(Cheap), New(Params{MemoryKiB: 128, Iterations: 1, Parallelism: 1})
	phc, _ := old.Hash(ctx, "a password of before")
	if ok, rehash, err := h.Verify(ctx, phc, "a password of before"); !ok || !rehash || err != nil {
		t.Errorf("older parameters: %v %v %v", ok, rehash, err)
	}
	imported, err := bcrypt.GenerateFromPassword([]byte("an imported one"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	if ok, rehash, err := h.Verify(ctx, string(imported), "an imported one"); !ok || !rehash || err != nil {
		t.Errorf("bcrypt: %v %v %v", ok, rehash, err)
	}
	if ok, _, err := h.Verify(ctx, string(imported), "something else"); ok || err != nil {
		t.Errorf("bcrypt, wrong: %v %v", ok, err)
	}
}

func TestDecoyCostsTheSame(t *testing.T) {
	ctx, h := context.Background(), New(Cheap)
	if err := h.Decoy(ctx, "whatever"); err != nil {
		t.Fatal(err)
	}
	before := h.Hashes()
	_ = h.Decoy(ctx, "whatever")
	if n := h.Hashes() - before; n != 1 {
		t.Errorf("decoy computed %d hashes", n)
	}
}

func TestBusy(t *testing.T) {
	h := New(Params{MemoryKiB: 64, Iterations: 1, Parallelism: 1, Workers: 1})
	h.slots <- struct{}{}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := h.Hash(ctx, "x"); kind.Of(err) != kind.Unavailable {
		t.Errorf("waiting ends with the request: %v", err)
	}
	<-h.slots
	h.waiting.Store(queue)
	if _, err := h.Hash(context.Background(), "x"); kind.Of(err) != kind.Unavailable {
		t.Errorf("a full queue: %v", err)
	}
	h.waiting.Store(0)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := h.Hash(context.Background(), "x"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func BenchmarkHash(b *testing.B) {
	h := New(Default)
	for b.Loop() {
		_, _ = h.Hash(context.Background(), "a usual passphrase")
	}
}
