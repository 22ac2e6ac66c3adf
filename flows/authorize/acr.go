package authorize

import "slices"

// classes are those that sessions of ours can be of (acr), the weakest first: one factor, two.
var classes = []string{"1", "2"}

// What a session is worth to a request.
const (
	acrMet    = iota
	acrWished // enough, and the client would rather have more
	acrUnmet
)

// level orders classes; -1 is none of ours.
func level(acr string) int { return slices.Index(classes, acr) }

// acr compares a session with what the request and its client want. A higher class is good for a lower one.
func (r *Request) acr(session Session) int {
	has := level(session.ACR)
	if has < level(r.Client.Settings.MinACR) || len(r.EssentialACR) > 0 && !slices.ContainsFunc(r.EssentialACR, func(acr string) bool {
		return level(acr) >= 0 && level(acr) <= has
	}) {
		return acrUnmet
	}
	for _, acr := range r.ACR {
		if wished := level(acr); wished >= 0 {
			if wished > has {
				return acrWished
			}
			break // the first of ours is the one that the client likes best
		}
	}
	return acrMet
}

// reachable tells whether any sign-in could satisfy the request.
func (r *Request) reachable() bool {
	return len(r.EssentialACR) == 0 || slices.ContainsFunc(r.EssentialACR, func(acr string) bool { return level(acr) >= 0 })
}

// answered is the class that an ID token tells: the session's, or the best of the essential ones that it satisfies, since
// the answer must be one of those (OpenID Connect Core section 5.5.1.1).
func (r *Request) answered(has string) string {
	if len(r.EssentialACR) == 0 || slices.Contains(r.EssentialACR, has) {
		return has
	}
	for _, acr := range slices.Backward(classes) {
		if slices.Contains(r.EssentialACR, acr) && level(acr) <= level(has) {
			return acr
		}
	}
	return has
}
