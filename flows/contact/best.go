package contact

// Best is the contact that stands for all of a kind: a verified one before a note, a preferred one before others, of a list
// with the oldest first. rank tells of each whether it is of the kind, verified, and preferred.
func Best[C any](list []C, rank func(C) (ofKind, verified, preferred bool)) (best C, found bool) {
	var isVerified, isPreferred bool
	for _, c := range list {
		ofKind, verified, preferred := rank(c)
		better := verified && !isVerified || verified == isVerified && preferred && !isPreferred
		if ofKind && (!found || better) {
			best, found, isVerified, isPreferred = c, true, verified, preferred
		}
	}
	return best, found
}
