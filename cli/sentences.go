package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pratu/flows/kind"
	"pratu/storage"
)

// sentences are what commands say for the codes of the flows: cause and remedy. {name} is one of the error's arguments.
// An administrator at a terminal needs other words than a person on a page, so they are not the pages' messages.
var sentences = map[string]string{
	"client.unknown":       "there is no such client: pratu client list shows all",
	"client.exists":        "a client with this id exists already (ids of deleted clients are not used again)",
	"client.id_is_account": "an account has this number as its ssoid: choose another client id",
	"client.changed":       "somebody else changed it at the same moment: run the command again",
	"client.overlap":       "an old secret works for 30 days at most",
	"client.logo":          "that is no picture that can be drawn: PNG, JPEG or GIF, of a million pixels at most",
	"client.logo_size":     "the picture is longer than 1 MiB",
	"usage.days":           "--days is between 1 and {max}",
	"client.disabled":      "the client is disabled: pratu client update ID --enable lets it work again",

	"connector.unknown":  "there is no such connector: pratu connector list shows all",
	"ledger.currency":    "a currency is coin or diamond",
	"connector.changed":  "somebody else changed the connector at the same moment: run the command again",
	"connector.exists":   "a connector with this id exists already: choose another --id",
	"connector.disabled": "the connector is disabled: pratu connector update ID --enable lets it work again",
	"connector.too_many": "there are {max} connectors, and no more can be: delete one first",

	"registration.unknown": "there is no such registration token: pratu registration-token list shows all",
	"registration.uses":    "--uses is between 1 and 1000000",
	"registration.life":    "--expires-in is between 1m and 8784h, which is a year",
	"registration.note":    "--note has at most 200 bytes, without control characters",

	"api_key.unknown": "there is no such API key, or it has ended: pratu api-key list --client ID shows all",
	"api_key.life":    "--expires-in is between 1m and 87840h, which is ten years; 0 is for ever",
	"api_key.note":    "--note has at most 200 characters, without control characters",

	"binding.partner":     "--partner is a name of a-z, 0-9, _ and -, such as truemoney",
	"binding.external_id": "--external-id has 1 to 200 characters, without control characters",
	"binding.exists":      "the account has another id at this partner already, or the id is another account's: pratu binding list shows them",
	"binding.unknown":     "there is no such binding, or it has ended: pratu binding list shows them",

	"partner.mismatch":   "it isn't the number: another number, another key, another protection, or not base64",
	"partner.none":       "the client is no partner: set how it protects numbers, pratu client update ID --set partner_mobile_protection=aes-256-gcm",
	"partner.key":        "the key is 32 bytes in base64, as openssl rand -base64 32 makes them",
	"partner.protection": "--protection is aes-256-gcm, aes-256-cbc, hmac-sha256 or off",

	"key.unknown": "no such key is published: pratu key list shows all",
	"key.in_use":  "the key signs, or is going to: replace it first, pratu key rotate --alg {alg} --now",

	"webhook.unknown":          "there is no such webhook: pratu webhook list shows all",
	"webhook.too_many":         "there are {max} webhooks, and no more can be: delete one first",
	"webhook.changed":          "somebody else changed it at the same moment: run the command again",
	"webhook.disabled":         "the webhook is disabled: pratu webhook update ID --enable lets it work again",
	"webhook.overlap":          "an old secret works for {days} days at most",
	"webhook.url":              "--url is an https address without a user and without #; with a localhost issuer http will do",
	"webhook.description":      "--description is one line of at most {max} bytes",
	"webhook.no_events":        "give --event for each event that is to be told; pratu webhook create --help lists them",
	"webhook.event":            "there is no event {event}: pratu webhook create --help lists them",
	"webhook.delivery_unknown": "the webhook has no such delivery: pratu webhook deliveries ID shows them",
	"webhook.waiting":          "it hasn't been sent yet, or is tried again by itself",

	"audit.event":     "there is no event {event}{near}: pratu audit export --help lists all",
	"audit.until":     "--until is before --since",
	"audit.mark":      "--expect is POSITION:HASH, as pratu audit verify prints it",
	"audit.mark_gone": "what --expect names is older than audit_retention keeps: note a later one",

	"apply.invalid": "the file can't be applied",

	"message.unknown": "there is no such mail or text, or it is kept no more",

	"outbox.unknown": "no message with this id was given up: pratu outbox list shows them",

	"account.closed":     "its owner is deleting the account, or it is no account any more",
	"account.self":       "that is your own account: somebody else has to do it",
	"account.changed":    "somebody else changed the account at the same moment, or it is in that state already: look at it with pratu account get",
	"account.no_address": "the account has no e-mail address: people with a number alone ask for a text at the sign-in page",
	"merge.same":         "that is the same account",
	"merge.roles":        "an account with a role isn't merged: take it away first, pratu role revoke",
	"merge.status":       "an active account takes in one that is active, disabled or a guest's: pratu account get tells what each is",
	"mail.no_address":    "the account has no verified e-mail address to send a test to",
	"sms.no_number":      "the account has no verified phone number to send a test to",
	"test.account":       "a test goes to an administrator who may send some, and to nobody else: pratu role list shows who is owner or admin",
	"test.kind":          "--kind is mail or sms",
	"sms.none":           "no texts can be sent: the setting sms is empty",
	"account.unknown":    "there is no such account",
	"player.unknown":     "the title has no such player",
	"player.ban_reason":  "a ban needs a reason, which the player is told: give --reason",
	"title.missing":      "no title is named: give --title, or set PRATU_GAME_DEFAULT_TITLE",
	"title.unknown":      "there is no such title: it is a client of kind game that isn't disabled",
	"account.disabled":   "the account is disabled",
	"account.exists":     "an account with this contact exists already",
	"account.no_contact": "an account needs an e-mail address or a phone number: give --email or --phone",
	"account.no_admin":   "the first administrator's account is gone: nobody is left whom a link could sign in",

	"import.json":           "the line is not one JSON object of the schema in docs/import.md",
	"import.unknown_member": "docs/import.md knows no such member{hint}",
	"import.too_long":       "the line is longer than 64 KiB",
	"import.ssoid":          "an ssoid is a positive integer below 2^53",
	"import.oid":            "an oid is 24 lower-case hex characters",
	"import.status":         "the status is 1, active, or 2, disabled",
	"import.register_by":    "register_by is a client id, or 0",
	"import.locale":         "the locale is th or en",
	"import.time":           "a time is RFC 3339 or seconds since the epoch, and not to come",
	"import.claims":         "a claim isn't what its name promises, or has a place of its own: ids and contacts; roles aren't imported",
	"import.contacts":       "an account has 1 to 50 contacts",
	"import.contact_type":   "a contact is of type mobile or email",
	"import.contact_twice":  "the line has the contact twice",
	"import.password_hash":  "the hash is in no format that passwords are checked by",
	"import.binding":        "a binding has a partner of a-z, 0-9, _ and -, once in each line, and an external_id",
	"import.ssoid_taken":    "another account, or a client, has the ssoid",
	"import.oid_taken":      "another account has the oid",
	"import.contact_taken":  "another account has proven the contact",
	"import.binding_taken":  "another account has the partner's id",
	"import.taken":          "somebody else took a number or a contact of the line meanwhile: run the import again to see which",
	"import.refused":        "{lines} refused, and listed with the reason",

	"token.unknown": "the token is none of ours, or it has ended already",

	"role.unknown":       "there is no such role: one of owner, admin, support, auditor, title_owner",
	"role.title.unknown": "there is no title {title}: pratu title list shows all",
	"role.title":         "title_owner goes with --title and the id of a client of kind game, and no other role does: pratu title list shows all",
	"role.missing":       "the account hasn't got this role: pratu role list shows who has which",
	"role.last_owner":    "there has to be an owner: make somebody else one first",
	"office.forbidden":   "that isn't yours to do",
	"office.reason":      "a reason is one line of at most {max} characters",

	"contact.email_invalid": "this is not an e-mail address: write it like mali@example.com",
	"contact.phone_invalid": "this is not a phone number: write it like 0812345678 or +66812345678",

	"password.too_short":        "the password is too short: it needs at least {min} characters",
	"password.too_long":         "the password is too long: it may have at most {max} characters",
	"password.invalid":          "the password has characters that can't be typed again, such as a line break or broken UTF-8",
	"password.blocked":          "the password is easily guessed: choose another one",
	"password.blocked.common":   "the password is one of those that everybody tries first: put a few unrelated words together",
	"password.blocked.pattern":  "the password is a row of keys or a repetition: put a few unrelated words together",
	"password.blocked.personal": "the password contains the person's own name or address, or ours: choose another one",

	"limit.exceeded": "there were too many tries: wait {minutes} minutes",
	"server.busy":    "the server is too busy to hash the password: try again in a moment",
}

// plain is an error as a sentence.
func plain(err error) string {
	e, ok := kind.As(err)
	if !ok {
		return plainStorage(err)
	}
	text := sentences[fmt.Sprintf("%s.%v", e.Code, e.Args["reason"])]
	if text == "" {
		text = sentences[e.Code]
	}
	if text != "" {
		for name, value := range e.Args {
			text = strings.ReplaceAll(text, "{"+name+"}", fmt.Sprint(value))
		}
		return text
	}
	if e.Err != nil { // the flow has the sentence
		return e.Err.Error()
	}
	return e.Error()
}

// plainStorage says what a database's refusal means here.
func plainStorage(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted: what was written stays, and the command can be run again"
	case errors.Is(err, storage.ErrConflict):
		return "somebody else changed it at the same moment: run the command again"
	case errors.Is(err, storage.ErrUnavailable):
		return fmt.Sprintf("%v: is the database running, and is PRATU_DATABASE_URL right?", err)
	case errors.Is(err, storage.ErrInvalid):
		return "the database takes no such text: leave out zero bytes and broken UTF-8"
	}
	return err.Error()
}
