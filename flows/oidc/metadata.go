package oidc

import (
	"encoding/json"
	"slices"

	"pratu/flows/authorize"
	"pratu/flows/clients"
	"pratu/flows/issuer"
	"pratu/flows/keys"
)

// metadata is OpenID Connect Discovery section 3 and RFC 8414. What is advertised here is implemented.
type metadata struct {
	Issuer                 string   `json:"issuer"`
	Authorization          string   `json:"authorization_endpoint"`
	Token                  string   `json:"token_endpoint"`
	Userinfo               string   `json:"userinfo_endpoint"`
	JWKS                   string   `json:"jwks_uri"`
	EndSession             string   `json:"end_session_endpoint"`
	BackchannelLogout      bool     `json:"backchannel_logout_supported"`
	BackchannelSession     bool     `json:"backchannel_logout_session_supported"`
	CheckSession           string   `json:"check_session_iframe,omitempty"`
	FrontchannelLogout     bool     `json:"frontchannel_logout_supported"`
	FrontchannelSession    bool     `json:"frontchannel_logout_session_supported"`
	Introspection          string   `json:"introspection_endpoint"`
	Revocation             string   `json:"revocation_endpoint"`
	PAR                    string   `json:"pushed_authorization_request_endpoint"`
	Device                 string   `json:"device_authorization_endpoint"`
	Registration           string   `json:"registration_endpoint,omitempty"`
	RequirePAR             bool     `json:"require_pushed_authorization_requests"`
	Scopes                 []string `json:"scopes_supported"`
	ResponseTypes          []string `json:"response_types_supported"`
	ResponseModes          []string `json:"response_modes_supported"`
	GrantTypes             []string `json:"grant_types_supported"`
	ACRValues              []string `json:"acr_values_supported"`
	SubjectTypes           []string `json:"subject_types_supported"`
	IDTokenAlgs            []string `json:"id_token_signing_alg_values_supported"`
	UserinfoAlgs           []string `json:"userinfo_signing_alg_values_supported"`
	TokenAuth              []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs          []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuth      []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAuthAlgs  []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevocationAuth         []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAuthAlgs     []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	Display                []string `json:"display_values_supported"`
	ClaimTypes             []string `json:"claim_types_supported"`
	Claims                 []string `json:"claims_supported"`
	UILocales              []string `json:"ui_locales_supported"`
	Prompts                []string `json:"prompt_values_supported"`
	ClaimsParameter        bool     `json:"claims_parameter_supported"`
	RequestParameter       bool     `json:"request_parameter_supported"`
	RequestURIParameter    bool     `json:"request_uri_parameter_supported"` // true when left out
	RequireRequestURI      bool     `json:"require_request_uri_registration"`
	RequestObjectAlgs      []string `json:"request_object_signing_alg_values_supported,omitempty"`
	CodeChallengeMethods   []string `json:"code_challenge_methods_supported"`
	ClientDocuments        bool     `json:"client_id_metadata_document_supported,omitempty"`
	IssuerInAuthorizations bool     `json:"authorization_response_iss_parameter_supported"`
}

// Metadata is the discovery document, bytes that don't change while the program runs.
func (p *Provider) Metadata(locales, acrValues []string) ([]byte, error) {
	secret := []string{clients.AuthBasic, clients.AuthPost, clients.AuthPrivateKeyJWT}
	all := append(append([]string{}, secret...), clients.AuthNone)
	i := p.Issuer
	checkSession := ""
	if p.SessionManagement {
		checkSession = i.URL(issuer.PathSession)
	}
	modes, grants := []string{authorize.ModeQuery, authorize.ModeFormPost}, grantTypes
	if p.FrontChannelTokens {
		modes, grants = append(modes, authorize.ModeFragment), append(slices.Clone(grants), clients.GrantImplicit)
	}
	registration, objectAlgs := "", []string(nil)
	if p.Registration {
		registration, objectAlgs = i.URL(issuer.PathRegister), AssertionAlgs()
	}
	return json.MarshalIndent(metadata{
		Issuer: i.String(), Authorization: i.URL(issuer.PathAuthorize), Token: i.URL(issuer.PathToken),
		Userinfo: i.URL(issuer.PathUserinfo), JWKS: i.URL(issuer.PathJWKS), EndSession: i.URL(issuer.PathLogout),
		Introspection: i.URL(issuer.PathIntrospect), Revocation: i.URL(issuer.PathRevoke), PAR: i.URL(issuer.PathPAR), Registration: registration,
		Device:        i.URL(issuer.PathDeviceRequest),
		Scopes:        []string{"openid", "profile", "email", "phone", "address", "offline_access"},
		ResponseTypes: p.responseTypes(), ResponseModes: modes,
		GrantTypes:   grants,
		ACRValues:    acrValues,
		SubjectTypes: []string{clients.SubjectPublic, clients.SubjectPairwise}, IDTokenAlgs: keys.Algorithms(), UserinfoAlgs: keys.Algorithms(),
		TokenAuth: all, TokenAuthAlgs: AssertionAlgs(), IntrospectionAuth: secret, IntrospectionAuthAlgs: AssertionAlgs(),
		RevocationAuth: all, RevocationAuthAlgs: AssertionAlgs(), Display: []string{"page"}, ClaimTypes: []string{"normal"},
		Claims: supportedClaims(), UILocales: locales, Prompts: []string{"none", "login", "consent", "select_account"},
		CheckSession: checkSession, BackchannelLogout: true, BackchannelSession: true, FrontchannelLogout: true, FrontchannelSession: true,
		ClaimsParameter: true, CodeChallengeMethods: []string{"S256"}, IssuerInAuthorizations: true,
		RequestURIParameter: p.Registration, RequireRequestURI: p.Registration, RequestObjectAlgs: objectAlgs,
		ClientDocuments: p.Clients.Documents != nil,
	}, "", "  ")
}
