package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/view"
)

// fail shows what helps to understand a failure, then removes the VM unless it shall stay. It works
// after the end of the run's context.
func (d *demo) fail(keep bool) error {
	if d.vm == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if d.agent != nil {
		d.explain(ctx)
	}
	if keep {
		d.farewell()
		return nil
	}
	fmt.Printf("\nremoving %s; --keep keeps it\n", d.vm.Name())
	if d.folder != "" {
		_ = os.RemoveAll(d.folder)
	}
	return d.vm.Close()
}

// explain prints the status, the end of the extension's log and the end of the journal.
func (d *demo) explain(ctx context.Context) {
	if handler, extension, err := d.agent.Reported(); err == nil {
		fmt.Printf("\n== status\nhandler: %s (code %d) %s\n", handler.Status, handler.Code, handler.Message)
		if extension != nil {
			fmt.Println(strings.Join(view.Table(*extension), "\n"))
		}
	}
	logs := agent.LogDir + "/" + d.agent.Name()
	for _, part := range []struct{ title, script string }{
		{"the extension's log", "for log in " + logs + "/*.log; do echo \"-- $log\"; tail -n 25 \"$log\"; done"},
		{"the journal", "journalctl --no-pager --quiet --lines=40"},
	} {
		output, err := d.vm.Sh(ctx, part.script)
		fmt.Printf("\n== %s\n%s", part.title, output)
		if err != nil {
			fmt.Println(err)
		}
	}
}
