package accounts

// CheckProfile is looked at alone: it needs no database.
var CheckProfile = checkProfile
