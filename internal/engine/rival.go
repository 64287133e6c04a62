package engine

import (
	"fmt"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// checkRival refuses to run a second engine: two of them fight over /run/docker.sock, and a client does
// not notice which one answers. Whose containers are to stop is for a person to say.
func checkRival(rival state.Rival) error {
	const orLeave = ", or remove the extension from this VM"
	unit := rival.Unit
	switch {
	case rival == state.Rival{}:
		return nil
	case unit == state.SnapService:
		return fault.New(fault.HostConfig, unit, "run `snap stop --disable docker` on the VM, or `snap remove docker` if nobody needs its containers"+orLeave,
			"cannot run the engine: that of the snap docker is here, and has its socket")
	case strings.HasSuffix(unit, ".service"):
		return fault.New(fault.HostConfig, unit, "run `systemctl disable --now "+unit+"` on the VM"+orLeave,
			"cannot run the engine: process %d of this unit is another one", rival.Process)
	default:
		return fault.New(fault.HostConfig, fmt.Sprintf("process %d", rival.Process), "end that process on the VM"+orLeave,
			"cannot run the engine: this process is another one%s", inUnit(unit))
	}
}

func inUnit(unit string) string {
	if unit == "" {
		return ""
	}
	return ", started in " + unit
}
