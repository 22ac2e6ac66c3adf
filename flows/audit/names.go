package audit

import (
	"slices"
	"strings"
)

// names are all events that there are: whoever asks for another is told so, instead of that nothing happened. Append takes no
// other, and a test compares the table with what flows write.
var names = strings.Fields(`
account.claims_previewed account.created account.deleted account.disabled account.enabled account.erased account.exported
account.factors_reset account.hidden account.kept account.looked_up account.merged account.recovery_sent account.roles_granted
account.roles_revoked account.shown account.updated accounts.imported admin.login_link_created audit.exported binding.created
binding.ended browser.forgotten client.api_key.created client.api_key.revoked client.created client.deleted client.limited
client.redirect_refused client.secret.ended client.secret.rotated client.tried client.updated code.replayed connector.created
connector.deleted connector.updated consent.granted consent.revoked contact.added contact.preferred contact.removed
contact.taken device.approved device.denied directory.searched guest.upgraded identity.linked identity.unlinked key.retired
key.rotated outbox.retried outbox.tested partner.exchanged passkey.added passkey.removed passkey.renamed password.changed
password.recovered player.banned player.created player.unbanned recovery_codes.made registration_token.created
registration_token.deleted session.all_ended session.disowned session.ended session.others_ended session.stepped_up
signin.failed signin.second_factor_asked signin.succeeded token.exchanged token.reuse_detected token.revoked totp.added
totp.removed webhook.created webhook.deleted webhook.replayed webhook.secret_rotated webhook.tested webhook.updated`)

// Names are all events, in order.
func Names() []string { return slices.Clone(names) }

// Known tells whether there is such an event.
func Known(name string) bool {
	_, known := slices.BinarySearch(names, name)
	return known
}

// Namesakes are the events of the same noun.
func Namesakes(name string) (list []string) {
	noun, _, _ := strings.Cut(name, ".")
	for _, known := range names {
		if strings.HasPrefix(known, noun+".") {
			list = append(list, known)
		}
	}
	return list
}
