package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"
)

// A request is one line of input. Old makes it an update.
type request struct {
	Object json.RawMessage `json:"object"`
	Old    json.RawMessage `json:"old,omitempty"`
}

// A kind admits the objects of one group, version and kind; old is nil when the object is created.
type kind interface {
	admit(object, old json.RawMessage) answer
}

type server struct {
	crds *catalog
	core *coreKinds
}

func newServer(folder string) (*server, error) {
	crds, err := newCatalog(folder)
	if err != nil {
		return nil, err
	}
	core, err := newCoreKinds()
	if err != nil {
		return nil, err
	}
	return &server{crds: crds, core: core}, nil
}

func (s *server) answer(line []byte) answer {
	request, err := parseRequest(line)
	if err != nil {
		return refused(badRequest, err)
	}
	gvk, err := kindOf(request.Object)
	if err != nil {
		return refused(badRequest, err)
	}
	if request.Old != nil {
		old, err := kindOf(request.Old)
		if err != nil {
			return refused(badRequest, fmt.Errorf("old: %w", err))
		}
		if old != gvk {
			return refused(badRequest, fmt.Errorf("old is a %v, object a %v", old, gvk))
		}
	}
	kind, err := s.kind(gvk)
	if err != nil {
		return refused(noKind, err)
	}
	return kind.admit(request.Object, request.Old)
}

func (s *server) kind(gvk schema.GroupVersionKind) (kind, error) {
	if s.core.has(gvk) {
		return s.core.kind(gvk), nil
	}
	custom, err := s.crds.kind(gvk)
	if err != nil {
		return nil, err
	}
	if custom == nil {
		unknown := &meta.NoKindMatchError{GroupKind: gvk.GroupKind(), SearchedVersions: []string{gvk.Version}}
		return nil, fmt.Errorf("%w: no CRD in %s serves it and it is no kind of Kubernetes itself", unknown, s.crds.folder)
	}
	return custom, nil
}

// parseRequest refuses what it does not know: a misspelt "old" would otherwise check an update as a creation.
func parseRequest(line []byte) (request, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	var parsed request
	if err := decoder.Decode(&parsed); err != nil {
		return request{}, fmt.Errorf("a line must be {\"object\": {...}, \"old\": {...}}: %w", err)
	}
	if decoder.More() {
		return request{}, fmt.Errorf("a line must be one JSON object, found more after it")
	}
	if len(parsed.Object) == 0 || string(parsed.Object) == "null" {
		return request{}, fmt.Errorf("a line must have an object")
	}
	if string(parsed.Old) == "null" {
		parsed.Old = nil
	}
	return parsed, nil
}

func kindOf(object json.RawMessage) (schema.GroupVersionKind, error) {
	var typed struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	// As the server reads it: "Kind" is not "kind".
	if err := kjson.UnmarshalCaseSensitivePreserveInts(object, &typed); err != nil {
		return schema.GroupVersionKind{}, err
	}
	var missing []string
	if typed.APIVersion == "" {
		missing = append(missing, "apiVersion")
	}
	if typed.Kind == "" {
		missing = append(missing, "kind")
	}
	if len(missing) > 0 {
		return schema.GroupVersionKind{}, fmt.Errorf("the object has no %s", strings.Join(missing, " and no "))
	}
	version, err := schema.ParseGroupVersion(typed.APIVersion)
	if err != nil {
		return schema.GroupVersionKind{}, err
	}
	return version.WithKind(typed.Kind), nil
}
