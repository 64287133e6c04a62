// Package docs judges the project's documents: links lead somewhere, JSON bodies are settings that the
// extension takes, and commands are what they say they are. Every command is parsed by a shell's grammar and
// held against the program's own tree of commands, or against a table of the commands and flags of other
// programs; one that stands in neither is a failure. Beyond that, commands of our own for a workstation are
// run, those of deploy/README.md are run with recording tools, and az reads its own where it is installed.
// Those for a VM are run in one (test/realagent, TestReadme).
//
// A fenced block says what it is in its first line: "sh" for commands, "json public" and "json protected"
// for settings ("json public refused" for one that is to be refused), "json" with another word for other
// JSON, "text" for what a program prints.
package docs
