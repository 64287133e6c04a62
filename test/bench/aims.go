package main

// aim is a figure that is to be kept, on every suite.
type aim struct {
	what  string
	most  float64
	value func(r *results, suite string) float64
}

func aims() []aim {
	return []aim{
		{"cold, against by hand", 0.90, ratio(cold, byHand)},
		{"cold with a container, against by hand", 0.90, ratio(coldCompose, byHand)},
		{"cold, against apt with defaults", 0.50, ratio(cold, defaults)},
		{"cold, against bare apt that configures nothing", 1.00, ratio(cold, bare)},
		{"nothing to do, ms", 15, typical(nothing, "wall_ms")},
		{"nothing to do, child processes", 0, typical(nothing, "children")},
		{"nothing to do, connections to D-Bus", 0, typical(nothing, "dbus")},
		{"nothing to do, peak memory, MB", 15, typical(nothing, "peak_mb")},
		{"nothing to do with 500 services, ms", 50, typical(nothing+", 500 services", "wall_ms")},
		{"start of the binary, ms", 5, typical(start, "wall_ms")},
		{"label changed, ms", 150, typical(changeLabel, "wall_ms")},
		{"label changed, restarts of the engine", 0, worst(changeLabel, "engine_restarts")},
		{"certificate changed, requests lost, worst", 0, worst(changeCert, "failed")},
		{"certificate changed, slowest request, ms, worst", 700, worst(changeCert, "slowest_ms")},
		{"port changed, between old and new, ms, worst", 700, worst(changePort, "gap_ms")},
		{"changes, requests to a container lost, worst", 0, worstOf("web_failed", changeLabel, changeCert, changePort, changeService)},
		{"changes, restarts of a container", 0, worstOf("web_restarts", changeLabel, changeCert, changePort, changeService)},
		{"peak memory of a cold run, MB, worst", 30, worst(cold, "peak_mb")},
		{"zip, MB", 12, func(r *results, _ string) float64 { size, _ := r.median("", "size", ours, "zip_mb"); return size }},
	}
}

// ratio is how long the extension takes for a scenario, against another way.
func ratio(scenario, other string) func(*results, string) float64 {
	return func(r *results, suite string) float64 {
		value, _ := r.median(suite, scenario, ours, "wall_ms")
		base, n := r.median(suite, scenario, other, "wall_ms")
		if n == 0 {
			return 0
		}
		return value / base
	}
}

func typical(scenario, value string) func(*results, string) float64 {
	return func(r *results, suite string) float64 {
		found, _ := r.median(suite, scenario, ours, value)
		return found
	}
}

func worst(scenario, value string) func(*results, string) float64 {
	return worstOf(value, scenario)
}

func worstOf(value string, scenarios ...string) func(*results, string) float64 {
	return func(r *results, suite string) float64 {
		found := 0.0
		for _, scenario := range scenarios {
			found = max(found, r.worst(suite, scenario, ours, value))
		}
		return found
	}
}
