package main

import (
	"encoding/json"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "sigs.k8s.io/json"
)

// decode reads, prunes and defaults an object as schemaCoercingDecoder and unstructuredDefaulter of
// k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go do under strict field validation. The second
// result is what strictness finds.
func (k *customKind) decode(raw json.RawMessage) (*unstructured.Unstructured, []error, error) {
	content := map[string]any{}
	strict, err := kjson.UnmarshalStrict(raw, &content)
	if err != nil {
		return nil, nil, err
	}
	object := &unstructured.Unstructured{Object: content}
	unknown, err := k.coerce(object)
	if err != nil {
		return nil, nil, err
	}
	for _, path := range unknown {
		strict = append(strict, unknownField(path))
	}
	defaulting.Default(object.Object, k.schema)
	return object, strict, nil
}

// coerce is unstructuredSchemaCoercer.apply; it returns the paths of what it drops.
func (k *customKind) coerce(object *unstructured.Unstructured) ([]string, error) {
	metadata, found, unknown, err := objectmeta.GetObjectMetaWithOptions(object.Object, objectmeta.ObjectMetaOptions{
		ReturnUnknownFieldPaths: true,
	})
	if err != nil {
		return nil, err
	}
	track := structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	unknown = append(unknown, pruning.PruneWithOptions(object.Object, k.schema, true, track)...)
	defaulting.PruneNonNullableNullsWithoutDefaults(object.Object, k.schema)
	fieldErr, paths := objectmeta.CoerceWithOptions(nil, object.Object, k.schema, false, objectmeta.CoerceOptions{
		ReturnUnknownFieldPaths: true,
	})
	if fieldErr != nil {
		return nil, fieldErr
	}
	object.SetGroupVersionKind(k.gvk)
	if found {
		if err := objectmeta.SetObjectMeta(object.Object, metadata); err != nil {
			return nil, err
		}
	}
	return append(unknown, paths...), nil
}
