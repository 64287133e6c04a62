// Package reference writes the settings reference for people, docs/settings.md, from the two JSON Schemas
// that validate the settings. It is pure: text goes in, text comes out.
package reference
