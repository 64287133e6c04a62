package settings

import (
	"encoding/json"
	"fmt"
)

// PurgeData reads the one key that uninstall needs, uninstall.purgeData, and no other: settings that
// cannot be applied must not keep the extension on the VM. Anything but true, or "true" as old
// portals sent it, is no.
func PurgeData(public []byte) (bool, error) {
	if len(public) == 0 {
		return false, nil
	}
	var wire struct {
		Uninstall struct {
			PurgeData looseBool `json:"purgeData"`
		} `json:"uninstall"`
	}
	if err := json.Unmarshal(public, &wire); err != nil {
		return false, fmt.Errorf("cannot read the public settings: %w", err)
	}
	return bool(wire.Uninstall.PurgeData), nil
}
