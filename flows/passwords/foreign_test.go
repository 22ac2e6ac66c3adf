package passwords

import (
	"errors"
	"strings"
	"testing"
)

// Hashes that others published with their passwords: RFC 7914 section 12 for scrypt, the tests of Django, of Firebase's
// scrypt and of an importer of its exports. Each verifies, and is to be replaced by one of ours.
func TestForeignHashes(t *testing.T) {
	h := New(Cheap)
	for name, test := range map[string]struct{ hash, password string }{
		"bcrypt":   {"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
		"scrypt":   {"$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw", "pleaseletmein"},
		"pbkdf2":   {"$pbkdf2-sha256$1000$c2FsdHNhbHQ$KBJH0RIw.FCnOKJi2s/ppNgRHFTFzBjXqxs.xS3zHTY", "passwd"},
		"Django":   {"pbkdf2_sha256$1000000$seasalt$r1uLUxoxpP2Ued/qxvmje7UH9PUJBkRrvf9gGPL7Cps=", "lètmein"},
		"Firebase": {firebaseVector, "user1password"},
		"Firebase, imported elsewhere": {"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==" +
			"$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==", "mytestpassword"},
		"Firebase, the other alphabet": {strings.NewReplacer("+", "-", "/", "_").Replace(firebaseVector), "user1password"},
	} {
		if ok, rehash, err := h.Verify(t.Context(), test.hash, test.password); !ok || !rehash || err != nil {
			t.Errorf("%s: %v %v %v", name, ok, rehash, err)
		}
		if ok, _, err := h.Verify(t.Context(), test.hash, test.password+"x"); ok || err != nil {
			t.Errorf("%s, wrong: %v %v", name, ok, err)
		}
	}
}

const firebaseVector = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==" +
	"$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="

// What isn't a hash is no password's, and what would cost too much isn't computed.
func TestUnreadableHashes(t *testing.T) {
	h := New(Cheap)
	if !Readable("$y$j9T$LdJMENpBABJJ3hIHjB1Bi.$HboGM6qPrsK.StKYGt6KErmUYtioHreJd98oIugoNB6") {
		t.Error("yescrypt as Debian makes it isn't read")
	}
	for _, stored := range []string{
		"", "plain", "$plaintext$password", "pbkdf2_sha256$", "pbkdf2_sha256$1$salt", "pbkdf2_sha256$-1$salt$AAAA", "pbkdf2_sha256$1$salt$AAAA",
		"$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "$pbkdf2-sha256$2000000000$c2FsdHNhbHQ$KBJH0RIw.FCnOKJi2s/ppNgRHFTFzBjXqxs.xS3zHTY",
		"$scrypt$ln=40,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
		"$argon2id$v=19$m=4194304,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$UjjPzIhYLwpAQSsXJ4PlpCFpNTZ8ejO3Rk8ktN4E7Cg",
		"$y$jHT$LdJMENpBABJJ3hIHjB1Bi.$HboGM6qPrsK.StKYGt6KErmUYtioHreJd98oIugoNB6",
		"$6$rounds=999999999$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO/O817G3uBnIFNjnQJuesI68OTLiBFdcbYEdFCoEOfaS35inz11",
		"pbkdf2_sha256$99999999999$seasalt$r1uLUxoxpP2Ued/qxvmje7UH9PUJBkRrvf9gGPL7Cps=", "$fbscrypt$", "$fbscrypt$v=1$a$b",
		strings.Replace(firebaseVector, "n=14", "n=40", 1), strings.Replace(firebaseVector, "r=8", "r=0", 1),
		strings.Replace(firebaseVector, "v=1", "v=2", 1), strings.Replace(firebaseVector, "p=1", "p=9", 1),
		strings.Replace(firebaseVector, "$lSrf", "$!", 1), strings.TrimSuffix(firebaseVector, "Ruid5lQ=="), strings.Replace(firebaseVector, "42xEC", "", 1)[:40],
	} {
		if ok, _, err := h.Verify(t.Context(), stored, "password"); ok || !errors.Is(err, ErrUnreadable) {
			t.Errorf("%q: %v %v", stored, ok, err)
		}
	}
}
