package settings

import "docker-extension/internal/fault"

// Unsupported gives a fault with code NotSupportedYet for each setting that is right but that this
// version does not act upon. A row goes when the program gets hands for it.
func Unsupported(s Settings) fault.List {
	composePlace := s.composePlace
	if composePlace == "" {
		composePlace = PlacePublic("compose")
	}
	rows := []struct {
		given bool
		place string
		what  string // this version does not ...
		hint  string
	}{
		{s.Compose != nil, composePlace, "start containers", "remove the key, and start the containers with docker on the VM"},
		{len(s.Logins) > 0, PlaceProtected("login"), "log in to registries", "remove the key, and run docker login on the VM"},
	}
	var faults fault.List
	for _, row := range rows {
		if row.given {
			faults = append(faults, fault.New(fault.NotSupportedYet, row.place, row.hint, "cannot be used yet: this version does not %s", row.what))
		}
	}
	return faults
}
