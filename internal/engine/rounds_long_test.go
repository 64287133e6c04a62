//go:build long

package engine

const mutations = 100_000
