package adminapi

// details are sentences for codes that people on pages never meet. {name} is one of the error's arguments.
var details = map[string]string{
	"key.reused":     "the Idempotency-Key was sent with another request before",
	"key.busy":       "a request with this Idempotency-Key is being worked on",
	"client.unknown": "there is no such application",
	"client.scope":   "the application may not ask for one of the scopes",
	"usage.days":     "days is between 1 and 400",
	"title.unknown":  "there is no such title",
	"player.unknown": "the title has no such player",

	"account.closed": "its owner is deleting the account, or it is no active one",

	"audit.event": "there is no event {event}{near}",
	"audit.until": "until is before since",

	"key.unknown": "no such key is published",

	"webhook.unknown":          "there is no such webhook",
	"webhook.delivery_unknown": "the webhook has no such delivery",

	"message.unknown": "there is no such mail or text, or it is kept no more",

	"test.account": "a test goes to an administrator who may send some, named by their ssoid",
	"test.kind":    "kind is mail or sms",

	"binding.partner":     "a partner's name is 1 to 64 of a-z, 0-9, _ and -",
	"binding.external_id": "an id has 1 to 200 characters, without control characters",
	"binding.exists":      "the account has another id at this partner already, or the id is another account's",
	"binding.unknown":     "there is no such binding, or it has ended",

	"registration.unknown": "there is no such registration token",
	"registration.uses":    "uses is between 1 and 1000000",
	"registration.life":    "expires_in is between 60 and 31622400 seconds, which is a year",
	"registration.note":    "note has at most 200 bytes, without control characters",
}
