// Package release judges what `make release` writes by the schemas that others publish.
package release
