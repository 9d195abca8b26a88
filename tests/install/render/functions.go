package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

// How deep templates may include each other.
const maxDepth = 100

// What Helm offers beyond sprig, and without what it takes away.
func functions(root *template.Template) template.FuncMap {
	known := sprig.TxtFuncMap()
	delete(known, "env")
	delete(known, "expandenv")
	depth := 0
	known["include"] = func(name string, data any) (string, error) {
		if depth++; depth > maxDepth {
			return "", fmt.Errorf("%s includes itself without end", name)
		}
		defer func() { depth-- }()
		text := &strings.Builder{}
		err := root.ExecuteTemplate(text, name, data)
		return text.String(), err
	}
	known["tpl"] = func(text string, data any) (string, error) {
		copied, err := root.Clone()
		if err != nil {
			return "", err
		}
		parsed, err := copied.New("tpl").Parse(text)
		if err != nil {
			return "", err
		}
		out := &strings.Builder{}
		err = parsed.Execute(out, data)
		return strings.ReplaceAll(out.String(), "<no value>", ""), err
	}
	known["required"] = func(reason string, value any) (any, error) {
		if value == nil || value == "" {
			return nil, errors.New(reason)
		}
		return value, nil
	}
	known["fail"] = func(reason string) (string, error) { return "", errors.New(reason) }
	// As in `helm template`: no cluster is asked.
	known["lookup"] = func(string, string, string, string) map[string]any { return map[string]any{} }
	known["toYaml"] = toYaml
	known["mustToYaml"] = toYaml
	known["fromYaml"] = func(text string) (map[string]any, error) { return parsed[map[string]any](text) }
	known["fromYamlArray"] = func(text string) ([]any, error) { return parsed[[]any](text) }
	known["fromJson"] = func(text string) (map[string]any, error) { return decoded[map[string]any](text) }
	known["fromJsonArray"] = func(text string) ([]any, error) { return decoded[[]any](text) }
	return known
}

// Helm's way: through JSON, so that the tags and the kinds of numbers are JSON's.
func toYaml(value any) (string, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	node, err := parsed[any](string(text))
	if err != nil {
		return "", err
	}
	out := &bytes.Buffer{}
	encoder := yaml.NewEncoder(out)
	encoder.SetIndent(2)
	err = encoder.Encode(node)
	return strings.TrimSuffix(out.String(), "\n"), err
}

// Helm hides errors in what templates parse; here they are errors.
func parsed[T any](text string) (T, error) {
	var value T
	err := yaml.Unmarshal([]byte(text), &value)
	return value, err
}

func decoded[T any](text string) (T, error) {
	var value T
	err := json.Unmarshal([]byte(text), &value)
	return value, err
}

// `.Files`
type files map[string]string

func (held files) Get(name string) string { return held[name] }

func (held files) Glob(pattern string) files {
	found := files{}
	for name, text := range held {
		if matches, _ := path.Match(pattern, name); matches {
			found[name] = text
		}
	}
	return found
}

// `.Capabilities`
type kubeVersion struct{ Version, Major, Minor, GitVersion string }

func (version kubeVersion) String() string { return version.Version }

type apiVersions []string

func (held apiVersions) Has(wanted string) bool {
	for _, version := range held {
		if version == wanted {
			return true
		}
	}
	return false
}

func capabilities(version string) map[string]any {
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	return map[string]any{
		"KubeVersion": kubeVersion{Version: version, Major: parts[0], Minor: parts[1], GitVersion: version},
		"APIVersions": apiVersions{"v1", "apps/v1", "batch/v1", "autoscaling/v2", "policy/v1", "networking.k8s.io/v1"},
		"HelmVersion": map[string]any{"Version": "v3.0.0"},
	}
}
