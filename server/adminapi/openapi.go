package adminapi

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"pratu/flows/clients"
	"pratu/flows/connectors"
	"pratu/flows/issuer"
	"pratu/flows/office"
	"pratu/flows/record"
	"pratu/server/web"
)

// operation is a line of the table that routes and document are made from.
type operation struct {
	id, method, path, summary string
	action                    office.Action
	also                      office.Action // a second one that it takes; "" without
	query                     []string
	body                      string // media type, "" without a body
	in, out                   any    // structs; nil without
	media                     string // of the answer; JSON unless said otherwise
	status                    int
	versioned                 bool // If-Match is required
	repeatable                bool // Idempotency-Key is honoured
	do                        func(s *Server, c *call) error
}

var operations = []operation{
	{id: "listClients", method: "GET", path: "/clients", summary: "Find applications by a part of their name or id.", action: office.ReadClients, query: []string{"q", "limit", "cursor"}, out: page[clients.Document]{}, status: http.StatusOK, do: listClients},
	{id: "createClient", method: "POST", path: "/clients", summary: "Register an application. A secret is in this answer only.", action: office.WriteClients, body: jsonType, in: clients.Document{}, out: clients.Document{}, status: http.StatusCreated, repeatable: true, do: createClient},
	{id: "getClient", method: "GET", path: "/clients/{client}", summary: "One application.", action: office.ReadClients, out: clients.Document{}, status: http.StatusOK, do: getClient},
	{id: "changeClient", method: "PATCH", path: "/clients/{client}", summary: "Change the members that are named (RFC 7396).", action: office.WriteClients, body: patchType, in: clients.Document{}, out: clients.Document{}, status: http.StatusOK, versioned: true, do: changeClient},
	{id: "deleteClient", method: "DELETE", path: "/clients/{client}", summary: "Delete an application for good.", action: office.WriteClients, status: http.StatusNoContent, versioned: true, do: deleteClient},
	{id: "putLogo", method: "PUT", path: "/clients/{client}/logo", summary: "Upload a logo (PNG, JPEG or GIF) in the place of the one at logo_uri.", action: office.WriteClients, body: fileType, status: http.StatusNoContent, versioned: true, do: putLogo},
	{id: "deleteLogo", method: "DELETE", path: "/clients/{client}/logo", summary: "Leave an application without a logo.", action: office.WriteClients, status: http.StatusNoContent, versioned: true, do: deleteLogo},
	{id: "rotateSecret", method: "POST", path: "/clients/{client}/secrets", summary: "Give an application a second secret; the one before works for the overlap.", action: office.RotateSecrets, body: jsonType, in: rotation{}, out: newSecret{}, status: http.StatusCreated, repeatable: true, do: rotateSecret},
	{id: "endOldSecrets", method: "POST", path: "/clients/{client}/end-old-secrets", summary: "End all secrets of an application but the newest.", action: office.RotateSecrets, status: http.StatusNoContent, do: endOldSecrets},
	{id: "listAPIKeys", method: "GET", path: "/clients/{client}/api-keys", summary: "An application's keys of the Identity API, those that are over for 30 days among them.", action: office.ReadClients, out: page[APIKey]{}, status: http.StatusOK, do: listAPIKeys},
	{id: "createAPIKey", method: "POST", path: "/clients/{client}/api-keys", summary: "Make a key of an application. It is in this answer only.", action: office.RotateSecrets, body: jsonType, in: keyRequest{}, out: APIKey{}, status: http.StatusCreated, repeatable: true, do: createAPIKey},
	{id: "revokeAPIKey", method: "DELETE", path: "/clients/{client}/api-keys/{key}", summary: "End a key at once.", action: office.RotateSecrets, status: http.StatusNoContent, do: revokeAPIKey},
	{id: "listTitles", method: "GET", path: "/titles", summary: "Games that have players.", action: office.ReadPlayers, query: []string{"limit", "cursor"}, out: page[Title]{}, status: http.StatusOK, do: listTitles},
	{id: "listPlayers", method: "GET", path: "/titles/{title}/players", summary: "Players of a title, the newest first.", action: office.ReadPlayers, query: []string{"limit", "cursor"}, out: page[Player]{}, status: http.StatusOK, do: listPlayers},
	{id: "getPlayer", method: "GET", path: "/titles/{title}/players/{player}", summary: "One player, by the id that games know.", action: office.ReadPlayers, out: Player{}, status: http.StatusOK, do: getPlayer},
	{id: "listEntries", method: "GET", path: "/titles/{title}/players/{player}/ledger", summary: "What a player got and spent of a currency (coin unless said otherwise), the newest first.", action: office.ReadPlayers, query: []string{"currency", "limit", "cursor"}, out: page[Entry]{}, status: http.StatusOK, do: listEntries},
	{id: "banPlayer", method: "PUT", path: "/titles/{title}/players/{player}/ban", summary: "Keep a player out of a title, at once. The reason is told to the player.", action: office.WritePlayers, body: jsonType, in: why{}, status: http.StatusNoContent, do: banPlayer},
	{id: "unbanPlayer", method: "DELETE", path: "/titles/{title}/players/{player}/ban", summary: "Let a player play again.", action: office.WritePlayers, status: http.StatusNoContent, do: unbanPlayer},
	{id: "listConnectors", method: "GET", path: "/connectors", summary: "Providers that people sign in with elsewhere.", action: office.ReadConnectors, out: page[Connector]{}, status: http.StatusOK, do: listConnectors},
	{id: "createConnector", method: "POST", path: "/connectors", summary: "Set a provider up. The secret is only written.", action: office.WriteConnectors, body: jsonType, in: connectors.Document{}, out: Connector{}, status: http.StatusCreated, repeatable: true, do: createConnector},
	{id: "getConnector", method: "GET", path: "/connectors/{connector}", summary: "One provider.", action: office.ReadConnectors, out: Connector{}, status: http.StatusOK, do: getConnector},
	{id: "changeConnector", method: "PATCH", path: "/connectors/{connector}", summary: "Change the members that are named (RFC 7396); by what people are known stays.", action: office.WriteConnectors, body: patchType, in: connectors.Document{}, out: Connector{}, status: http.StatusOK, versioned: true, do: changeConnector},
	{id: "deleteConnector", method: "DELETE", path: "/connectors/{connector}", summary: "Remove a provider; set up anew, it knows people again.", action: office.WriteConnectors, status: http.StatusNoContent, versioned: true, do: deleteConnector},
	{id: "listAccounts", method: "GET", path: "/accounts", summary: "Accounts, the newest first.", action: office.ReadAccounts, query: []string{"limit", "cursor"}, out: page[Account]{}, status: http.StatusOK, do: listAccounts},
	{id: "createAccount", method: "POST", path: "/accounts", summary: "Create an account by your word, with OpenID Connect claim names. What is given as verified signs in.", action: office.CreateAccounts, body: jsonType, in: NewAccount{}, out: Account{}, status: http.StatusCreated, repeatable: true, do: createAccount},
	{id: "searchAccounts", method: "POST", path: "/accounts/search", summary: "Find accounts by a contact, number or id in full, or by how a word of a name begins. Searches for contacts are recorded.", action: office.ReadAccounts, body: jsonType, in: search{}, out: page[Account]{}, status: http.StatusOK, do: searchAccounts},
	{id: "getAccount", method: "GET", path: "/accounts/{account}", summary: "One account, by its ssoid, with its ways to sign in.", action: office.ReadAccounts, out: Detail{}, status: http.StatusOK, do: getAccount},
	{id: "listSessions", method: "GET", path: "/accounts/{account}/sessions", summary: "Where an account is signed in.", action: office.ReadAccounts, out: page[Session]{}, status: http.StatusOK, do: listSessions},
	{id: "disableAccount", method: "POST", path: "/accounts/{account}/disable", summary: "Disable an account; it is signed out everywhere.", action: office.WriteAccounts, body: jsonType, in: why{}, status: http.StatusNoContent, do: disableAccount},
	{id: "enableAccount", method: "POST", path: "/accounts/{account}/enable", summary: "Enable a disabled account.", action: office.WriteAccounts, status: http.StatusNoContent, do: enableAccount},
	{id: "endSessions", method: "POST", path: "/accounts/{account}/end-sessions", summary: "Sign an account out everywhere.", action: office.WriteAccounts, status: http.StatusNoContent, do: endSessions},
	{id: "resetFactors", method: "POST", path: "/accounts/{account}/reset-factors", summary: "Take passkeys, authenticator app and recovery codes away. The owner is told.", action: office.WriteAccounts, status: http.StatusNoContent, do: resetFactors},
	{id: "sendRecovery", method: "POST", path: "/accounts/{account}/send-recovery", summary: "Mail the owner a link to choose a new password, as if they had forgotten it. The old one works until then.", action: office.WriteAccounts, status: http.StatusNoContent, do: sendRecovery},
	{id: "deleteAccount", method: "DELETE", path: "/accounts/{account}", summary: "Delete an account; its owner can keep it for 30 days.", action: office.DeleteAccounts, status: http.StatusNoContent, do: deleteAccount},
	{id: "listEvents", method: "GET", path: "/audit", summary: "The record of events, the newest first.", action: office.ReadAudit, query: []string{"event", "account", "client", "outcome", "since", "until", "limit", "cursor"}, out: page[Event]{}, status: http.StatusOK, do: listEvents},
	{id: "exportEvents", method: "GET", path: "/audit/export", summary: "The record of events as NDJSON, the oldest first, one object a line. That somebody exported is part of it.", action: office.ReadAudit, query: []string{"since", "until", "event", "account", "client", "outcome"}, out: record.Line{}, media: linesType, status: http.StatusOK, do: exportEvents},
}

// actions are all that an operation takes, and scopes their names.
func (op operation) actions() []office.Action {
	if op.also != "" {
		return []office.Action{op.action, op.also}
	}
	return []office.Action{op.action}
}

func (op operation) scopes() (list []string) {
	for _, a := range op.actions() {
		list = append(list, a.Scope())
	}
	return list
}

// all are the operations in the order of the document.
func all() []operation {
	return slices.Concat(operations, importOperations, clientOperations, registrationOperations, bindingOperations, mergeOperations, webhookOperations, houseOperations, messageOperations)
}

// object is a JSON object of the document.
type object = map[string]any

// Document is GET /admin/api/openapi.json: OpenAPI 3.1, open to everybody as this text is.
func (s *Server) Document(w http.ResponseWriter, r *http.Request) error {
	body, err := OpenAPI(s.Web.Issuer)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "public, max-age=300")
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return send(w, http.StatusOK, jsonType, body)
}

// OpenAPI describes this API, as JSON.
func OpenAPI(at issuer.Issuer) ([]byte, error) { return json.Marshal(openapi(at)) }

func openapi(at issuer.Issuer) object {
	paths, scopes := object{}, object{}
	for _, op := range all() {
		item, _ := paths[op.path].(object)
		if item == nil {
			item = object{}
			paths[op.path] = item
		}
		item[strings.ToLower(op.method)] = op.describe()
		scopes[op.action.Scope()] = office.Meaning(op.action)
	}
	return object{
		"openapi": "3.1.0",
		"info":    object{"title": web.Product + " admin API", "version": "1", "description": "For machines: tokens of client_credentials with the scopes of the operations. Enumerations are open: expect values that aren't listed."},
		"servers": []object{{"url": at.URL(Base)}},
		"paths":   paths,
		"components": object{
			"securitySchemes": object{"oauth": object{"type": "oauth2", "flows": object{"clientCredentials": object{
				"tokenUrl": at.URL(issuer.PathToken), "scopes": scopes,
			}}}},
			"responses": object{"Problem": object{"description": "What went wrong (RFC 9457).", "content": object{"application/problem+json": object{"schema": schema(reflect.TypeFor[web.ProblemBody]())}}}},
		},
	}
}

func (op operation) describe() object {
	var parameters []object
	for part := range strings.SplitSeq(op.path, "/") {
		if name, is := strings.CutPrefix(part, "{"); is {
			parameters = append(parameters, parameter(strings.TrimSuffix(name, "}"), "path", true))
		}
	}
	for _, name := range op.query {
		parameters = append(parameters, parameter(name, "query", false))
	}
	if op.versioned {
		parameters = append(parameters, parameter("If-Match", "header", true))
	}
	if op.repeatable {
		parameters = append(parameters, parameter("Idempotency-Key", "header", false))
	}
	answer := object{"description": http.StatusText(op.status)}
	if op.out != nil {
		answer["content"] = object{cmp.Or(op.media, jsonType): object{"schema": schema(reflect.TypeOf(op.out))}}
	}
	described := object{
		"operationId": op.id, "summary": op.summary, "security": []object{{"oauth": op.scopes()}},
		"responses": object{strconv.Itoa(op.status): answer, "default": object{"$ref": "#/components/responses/Problem"}},
	}
	if len(parameters) > 0 {
		described["parameters"] = parameters
	}
	switch {
	case op.body == fileType:
		described["requestBody"] = object{"required": true, "content": object{op.body: object{}}}
	case op.body != "":
		described["requestBody"] = object{"required": true, "content": object{op.body: object{"schema": schema(reflect.TypeOf(op.in))}}}
	}
	return described
}

func parameter(name, in string, required bool) object {
	kind := "string"
	if name == "limit" {
		kind = "integer"
	}
	return object{"name": name, "in": in, "required": required, "schema": object{"type": kind}}
}

// schema describes a struct by its JSON names. Members that nobody knows are refused, so it says so.
func schema(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time](), t.Kind() == reflect.Struct && t.NumField() == 1 && t.Field(0).Type == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return object{}
	}
	switch t.Kind() { //nolint:exhaustive // what our structs are made of
	case reflect.Pointer:
		return schema(t.Elem())
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Slice:
		return object{"type": "array", "items": schema(t.Elem())}
	case reflect.Struct:
		properties := object{}
		fields(t, properties)
		return object{"type": "object", "properties": properties, "additionalProperties": false}
	}
	return object{"type": "object"}
}

func fields(t reflect.Type, into object) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			fields(f.Type, into)
		case f.IsExported() && name != "-" && name != "":
			into[name] = schema(f.Type)
		}
	}
}
