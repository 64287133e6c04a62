package state

import "docker-extension/internal/secret"

// Project is a set of containers that compose makes from one file.
type Project struct {
	Up     bool   // every service runs, or has ended well; false: there are none of its containers
	Digest Digest // of everything that it is made from; two projects that differ here are different

	// Only of a wanted project.
	Services    map[string]string        // those that are to run, with their images; "" where it is not known
	Environment map[string]secret.Secret // what compose gets to know, public and secret alike
}

// Container is a container of a project, as the engine shows it.
type Container struct {
	Service string
	Running bool // or paused by a person
	Ended   bool // with exit code 0
}

// DockerHub is Docker Hub's name in docker's credentials (IndexServer in docker/cli's registry package).
const DockerHub = "https://index.docker.io/v1/"

// Account is a person's or a program's account at a registry. Two accounts are the same if their digests
// are; Username and Password are there in a wanted one only.
type Account struct {
	Server   string // as docker names it: host and port, or the address of Docker Hub
	Username string
	Password secret.Secret
	Digest   Digest
}
