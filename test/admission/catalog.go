package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// A catalog finds the custom resources of a folder of CRDs. It parses a file when a kind that it may define is asked
// for, since all of them take a second.
type catalog struct {
	folder string
	unread map[string][]byte
	kinds  map[schema.GroupVersionKind]*customKind
}

func newCatalog(folder string) (*catalog, error) {
	var paths []string
	for _, pattern := range []string{"*.yaml", "*.yml"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return nil, err
		}
		paths = append(paths, found...)
	}
	if len(paths) == 0 {
		if _, err := os.Stat(folder); err != nil {
			return nil, fmt.Errorf("CRD folder: %w", err)
		}
		return nil, fmt.Errorf("CRD folder %s has no YAML file", folder)
	}
	result := &catalog{folder: folder, unread: map[string][]byte{}, kinds: map[schema.GroupVersionKind]*customKind{}}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		result.unread[path] = text
	}
	return result, nil
}

// kind returns nil for a kind that no CRD of the folder serves.
func (c *catalog) kind(gvk schema.GroupVersionKind) (*customKind, error) {
	if gvk.Group == "" {
		return nil, nil
	}
	for path, text := range c.unread {
		if !bytes.Contains(text, []byte(gvk.Group)) || !bytes.Contains(text, []byte(gvk.Kind)) {
			continue
		}
		if err := c.read(text); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		delete(c.unread, path)
	}
	kind := c.kinds[gvk]
	if kind == nil {
		return nil, nil
	}
	if err := kind.compile(); err != nil {
		return nil, fmt.Errorf("CRD of %v: %w", gvk, err)
	}
	return kind, nil
}

func (c *catalog) read(text []byte) error {
	for _, document := range bytes.Split(text, []byte("\n---")) {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.Unmarshal(document, crd); err != nil {
			return err
		}
		if crd.Kind != "CustomResourceDefinition" {
			continue
		}
		apiextensionsv1.SetObjectDefaults_CustomResourceDefinition(crd)
		for i := range crd.Spec.Versions {
			if version := &crd.Spec.Versions[i]; version.Served {
				kind := newCustomKind(crd, version)
				c.kinds[kind.gvk] = kind
			}
		}
	}
	return nil
}
