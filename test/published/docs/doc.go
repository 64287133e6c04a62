// Package docs judges the project's documents: links lead somewhere, JSON bodies are settings that the
// extension takes, and commands are what they say they are. Commands of our own for a workstation are run;
// of others it is known which commands, flags and targets exist.
//
// A fenced block says what it is in its first line: "sh" for commands, "json public" and "json protected"
// for settings ("json public refused" for one that is to be refused), "json" with another word for other
// JSON, "text" for what a program prints.
package docs
