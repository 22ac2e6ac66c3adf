module pratu/bench

go 1.26.0

require (
	github.com/coreos/go-oidc/v3 v3.21.0
	github.com/lib/pq v1.12.3
	golang.org/x/crypto v0.58.0
)

require (
	github.com/go-jose/go-jose/v4 v4.1.8 // indirect
	golang.org/x/oauth2 v0.37.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
