//go:build !long

package engine

// mutations is how many mutated bodies are tried; with the build tag "long" there are more.
const mutations = 2_000
