// Renders a Helm chart as `helm template` does, for machines that have no helm.
//
//	render CHART <request.json >manifests.json
//
// The request holds final values (defaults and overrides laid over each other, checked against the schema by the caller), the
// release and the version of Kubernetes. The answer maps each template's path to its text. It knows what charts without
// dependencies use: the built-in objects, the functions that Helm adds to sprig, and partials. It never reads outside the chart.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"gopkg.in/yaml.v3"
)

type request struct {
	Values      map[string]any `json:"values"`
	Release     map[string]any `json:"release"`
	KubeVersion string         `json:"kube_version"`
	// Helm hands numbers to templates as float64 or as json.Number, depending on where a value came from.
	Numbers string `json:"numbers"`
}

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: render CHART <request.json"))
	}
	manifests, err := render(os.Args[1])
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(manifests); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func render(folder string) (map[string]string, error) {
	asked, err := read()
	if err != nil {
		return nil, err
	}
	chart, err := metadata(folder)
	if err != nil {
		return nil, err
	}
	sources, files, err := load(folder)
	if err != nil {
		return nil, err
	}
	base := map[string]any{
		"Values":       asked.Values,
		"Release":      asked.Release,
		"Chart":        chart,
		"Capabilities": capabilities(asked.KubeVersion),
		"Files":        files,
		"Subcharts":    map[string]any{},
	}
	return execute(fmt.Sprint(chart["Name"]), sources, base)
}

func read() (*request, error) {
	decoder := json.NewDecoder(os.Stdin)
	text, asked := json.RawMessage{}, &request{}
	if err := decoder.Decode(&text); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, asked); err != nil {
		return nil, err
	}
	if asked.Numbers == "number" {
		exact := json.NewDecoder(bytes.NewReader(text))
		exact.UseNumber()
		return asked, exact.Decode(asked)
	}
	return asked, nil
}

// Chart.yaml's keys as templates see them: `apiVersion` is `.Chart.APIVersion`, the others begin with a capital letter.
func metadata(folder string) (map[string]any, error) {
	text, err := os.ReadFile(filepath.Join(folder, "Chart.yaml"))
	if err != nil {
		return nil, err
	}
	written := map[string]any{}
	if err := yaml.Unmarshal(text, &written); err != nil {
		return nil, err
	}
	chart := map[string]any{}
	for key, value := range written {
		chart[strings.ToUpper(key[:1])+key[1:]] = value
	}
	chart["APIVersion"] = chart["ApiVersion"]
	return chart, nil
}

// The templates by their path, and the chart's other files.
func load(folder string) (map[string]string, files, error) {
	templates, others := map[string]string{}, files{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a link whose target is not there
		}
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(folder, path)
		if strings.HasPrefix(inside, "templates/") {
			templates[inside] = string(text)
		} else if inside != "Chart.yaml" && inside != "values.yaml" && inside != "values.schema.json" {
			others[inside] = string(text)
		}
		return err
	})
	return templates, others, err
}

func execute(chart string, sources map[string]string, base map[string]any) (map[string]string, error) {
	root := template.New("chart").Option("missingkey=zero")
	root.Funcs(functions(root))
	for path, text := range sources {
		if _, err := root.New(chart + "/" + path).Parse(text); err != nil {
			return nil, err
		}
	}
	manifests := map[string]string{}
	for path := range sources {
		if strings.HasPrefix(filepath.Base(path), "_") {
			continue
		}
		context := map[string]any{"Template": map[string]any{"Name": chart + "/" + path, "BasePath": chart + "/templates"}}
		for key, value := range base {
			context[key] = value
		}
		text := &strings.Builder{}
		if err := root.ExecuteTemplate(text, chart+"/"+path, context); err != nil {
			return nil, err
		}
		manifests[path] = strings.ReplaceAll(text.String(), "<no value>", "")
	}
	return manifests, nil
}
