// Loads a compose file as docker compose does: by the schema of the Compose Specification, with variables, anchors and relative paths
// resolved, and with what services say of each other (dependencies, volumes, networks, namespaces) checked. Prints the model as JSON.
//
//	compose_strict FILE
//
// Exit code 0: it can be used; 1: not, and the standard error says why.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func load(path string) ([]byte, error) {
	options, err := cli.NewProjectOptions([]string{path}, cli.WithInterpolation(true), cli.WithConsistency(true), cli.WithResolvedPaths(true))
	if err != nil {
		return nil, err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return nil, err
	}
	return json.Marshal(project)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: compose_strict FILE")
		os.Exit(2)
	}
	text, err := load(os.Args[1])
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
	fmt.Println(string(text))
}
