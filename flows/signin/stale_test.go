package signin_test

import (
	"context"
	"testing"
	"time"

	"pratu/flows/audit"
	"pratu/flows/kind"
	"pratu/flows/signin"
	"pratu/storage"
)

// replace gives the account another password and ends its sessions, as a recovery does.
func (w *world) replace() {
	w.t.Helper()
	w.pass(time.Second)
	must(w.t, w.Store.InTx(w.t.Context(), func(ctx context.Context) error {
		err := w.Store.ReplacePassword(ctx, storage.Credential{ID: "x", AccountID: w.account.ID, Secret: "another", CreatedAt: storage.At(w.now())})
		if err != nil {
			return err
		}
		return w.Store.EndSessionsOfAccount(ctx, w.account.ID, "", storage.At(w.now()))
	}))
}

func (w *world) begins(p signin.Proof, cookie, want string) {
	w.t.Helper()
	_, _, err := w.Begin(w.t.Context(), p, signin.Browser{SessionCookie: cookie, BrowserCookie: "mine"}, nil)
	if got := kind.Code(err); err == nil && want != "" || err != nil && got != want {
		w.t.Errorf("%v, not %q", err, want)
	}
}

func (w *world) isOut() {
	w.t.Helper()
	list, err := w.SessionsOf(w.t.Context(), w.account.ID)
	must(w.t, err)
	if len(list) != 0 {
		w.t.Errorf("signed in: %+v", list)
	}
}

// Who knew the old password while it was replaced isn't in afterwards; nor who had given it and waited for the second factor.
func TestReplacedPassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		proof, err := w.try(password, "mine")
		must(t, err)
		handle, err := w.Hold(t.Context(), proof, "", "", "mine", "")
		must(t, err)
		held, err := w.Held(t.Context(), handle, "mine")
		must(t, err)
		must(t, w.OfferTOTP(t.Context(), w.account.ID))
		must(t, w.Store.InTx(t.Context(), func(ctx context.Context) error {
			row, err := w.Store.TOTPOf(ctx, w.account.ID)
			if err != nil {
				return err
			}
			return w.Store.ConfirmTOTP(ctx, w.account.ID, row.Secret, 1, storage.At(w.now()))
		}))
		codes, err := w.MakeRecoveryCodes(t.Context(), w.account.ID, func(context.Context) error { return nil })
		must(t, err)
		second, err := w.Complete(t.Context(), held, signin.Second{Code: codes[0], Recovery: true})
		must(t, err)
		w.replace()
		w.begins(proof, "", "signin.failed")
		w.begins(second, "", "factor.expired")
		w.isOut()
	})
}

// A session that was ended from elsewhere isn't brought back by whoever confirms, or steps up, in it.
func TestEndedStaysEnded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, end := range map[string]func(storage.Session) error{
			"signed out": func(x storage.Session) error { return w.End(t.Context(), x.ID) },
			"device":     func(x storage.Session) error { return w.EndDevice(t.Context(), w.account.ID, x.ID) },
			"others":     func(storage.Session) error { return w.EndOthers(t.Context(), w.account.ID, "") },
		} {
			cookie, session := w.in("mine", "")
			proof, err := w.try(password, "mine")
			must(t, err)
			w.pass(time.Second)
			must(t, end(session))
			t.Log(name)
			w.begins(proof.Continuing(session), cookie, "session.ended")
			w.isOut()
			cookie, session = w.in("mine", "")
			w.begins(proof.Continuing(session), cookie, "") // it can while it lives
			must(t, w.EndOthers(t.Context(), w.account.ID, ""))
		}
	})
}

// Attempts beyond a budget leave nothing in the record: anybody could write it full.
func TestRefusedIsNotRecorded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 30 {
			_, _ = w.try("wrong", "stranger")
		}
		list, err := w.Store.AuditOfAccount(t.Context(), w.account.ID, storage.At(w.now())+1, 100)
		must(t, err)
		failures := 0
		for _, e := range list {
			if e.Outcome == audit.Failure {
				failures++
			}
		}
		if failures != 20 {
			t.Errorf("%d failures are written down", failures)
		}
	})
}
