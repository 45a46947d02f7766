package program

import (
	"os"
	"strings"
)

// Environ returns the environment without the variables by which servers and clusters
// are set up, and with these.
func Environ(variables ...string) []string {
	var environ []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if name != "ENV" && !strings.HasPrefix(name, "SOCKETCLUSTER_") && !strings.HasPrefix(name, "SCC_") {
			environ = append(environ, variable)
		}
	}
	return append(environ, variables...)
}
