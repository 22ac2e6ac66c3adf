package main

// plan is one of the suite's, with the choices that it leaves to us.
type plan struct {
	name    string
	variant map[string]string
}

func with(pairs ...string) map[string]string {
	v := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		v[pairs[i]] = pairs[i+1]
	}
	return v
}

var (
	discovered = with("server_metadata", "discovery", "client_registration", "dynamic_client")
	oneAnswer  = with("client_registration", "dynamic_client", "response_type", "code")
)

// plans are those that we mean to pass, the cheap ones first.
var plans = []plan{
	{"oidcc-config-certification-test-plan", nil},
	{"oidcc-basic-certification-test-plan", discovered},
	{"oidcc-formpost-basic-certification-test-plan", discovered},
	{"oidcc-rp-initiated-logout-certification-test-plan", oneAnswer},
	{"oidcc-backchannel-rp-initiated-logout-certification-test-plan", oneAnswer},
	{"oidcc-frontchannel-rp-initiated-logout-certification-test-plan", oneAnswer},
	{"oidcc-session-management-certification-test-plan", oneAnswer},
	{"oidcc-3rdparty-init-login-certification-test-plan", with("response_type", "code")},
	{"oidcc-dynamic-certification-test-plan", with("response_type", "code")},
	{"oidcc-implicit-certification-test-plan", discovered},
	{"oidcc-hybrid-certification-test-plan", discovered},
	{"oidcc-formpost-implicit-certification-test-plan", discovered},
	{"oidcc-formpost-hybrid-certification-test-plan", discovered},
}
