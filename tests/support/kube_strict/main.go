// Decodes Kubernetes manifests strictly into the types that the API server decodes them into: an unknown or doubled field, a value of
// a wrong type or a kind that does not exist is an error. Prints each object as one line of JSON, for who looks further.
//
//	kube_strict FILE...    "-" is the standard input
//
// Exit code 0: every document is what it says; 1: not, and the standard error tells which and why.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func decoder() (runtime.Decoder, error) {
	scheme := runtime.NewScheme()
	builder := runtime.NewSchemeBuilder(apps.AddToScheme, autoscaling.AddToScheme, batch.AddToScheme, core.AddToScheme,
		discovery.AddToScheme, networking.AddToScheme, policy.AddToScheme, rbac.AddToScheme, monitoring.AddToScheme)
	if err := builder.AddToScheme(scheme); err != nil {
		return nil, err
	}
	options := serializer.SerializerOptions{Yaml: true, Strict: true}
	return serializer.NewSerializerWithOptions(serializer.DefaultMetaFactory, scheme, scheme, options), nil
}

func read(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(path)
}

// judge decodes each document of a file and writes it to out; the result is every error of the file.
func judge(decoder runtime.Decoder, path string, out *json.Encoder) error {
	text, err := read(path)
	if err != nil {
		return err
	}
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	var failures []error
	for number := 1; ; number++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return errors.Join(failures...)
		}
		if err != nil {
			return errors.Join(append(failures, fmt.Errorf("%s: document %d: %w", path, number, err))...)
		}
		if empty(document) {
			continue
		}
		object, _, err := decoder.Decode(document, nil, nil)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: document %d: %w", path, number, err))
			continue
		}
		if err := out.Encode(object); err != nil {
			return err
		}
	}
}

// empty says whether a document has nothing but comments, as the one before a leading "---".
func empty(document []byte) bool {
	for _, line := range bytes.Split(document, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && !bytes.Equal(line, []byte("---")) {
			return false
		}
	}
	return true
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: kube_strict FILE...")
		os.Exit(2)
	}
	decoder, err := decoder()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	code := 0
	for _, path := range os.Args[1:] {
		if err := judge(decoder, path, json.NewEncoder(os.Stdout)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
