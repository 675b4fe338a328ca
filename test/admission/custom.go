package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
)

// A customKind is one served version of a CRD, with what
// k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go makes of it.
type customKind struct {
	gvk        schema.GroupVersionKind
	namespaced bool
	version    *apiextensionsv1.CustomResourceDefinitionVersion

	compiled  bool
	schema    *structuralschema.Structural
	validator validation.SchemaValidator
	cel       *cel.Validator
}

func newCustomKind(crd *apiextensionsv1.CustomResourceDefinition, version *apiextensionsv1.CustomResourceDefinitionVersion) *customKind {
	return &customKind{
		gvk:        schema.GroupVersionKind{Group: crd.Spec.Group, Version: version.Name, Kind: crd.Spec.Names.Kind},
		namespaced: crd.Spec.Scope == apiextensionsv1.NamespaceScoped,
		version:    version,
	}
}

// compile is separate from reading since the CEL rules of a large kind take a third of a second.
func (k *customKind) compile() error {
	if k.compiled {
		return nil
	}
	if k.version.Schema == nil {
		return errors.New("version has no schema")
	}
	internal := &apiextensions.CustomResourceValidation{}
	if err := apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(k.version.Schema, internal, nil); err != nil {
		return err
	}
	structural, err := structuralschema.NewStructural(internal.OpenAPIV3Schema)
	if err != nil {
		return err
	}
	if errs := structuralschema.ValidateStructural(nil, structural); len(errs) > 0 {
		return errs.ToAggregate()
	}
	structural = structural.DeepCopy()
	if err := defaulting.PruneDefaults(structural); err != nil {
		return err
	}
	k.validator, _, err = validation.NewSchemaValidator(internal.OpenAPIV3Schema)
	if err != nil {
		return err
	}
	k.schema = structural
	k.cel = cel.NewValidator(structural, true, celconfig.PerCallLimit)
	k.compiled = true
	return nil
}

func (k *customKind) admit(raw, rawOld json.RawMessage) answer {
	object, strict, err := k.decode(raw)
	if err != nil {
		return refused(badRequest, k.notHandled(err))
	}
	result := newAnswer()
	result.addStrict(strict)
	result.Warnings = append(result.Warnings, k.deprecation()...)
	if rawOld == nil {
		result.Warnings = append(result.Warnings, fillIn(object, k.namespaced)...)
		k.prepareForCreate(object)
		errs := k.validate(object)
		result.addFieldErrors(errs)
		k.addRules(&result, errs, object.Object, nil)
	} else {
		old, _, err := k.decode(rawOld)
		if err != nil {
			return refused(badRequest, fmt.Errorf("old: %w", k.notHandled(err)))
		}
		fillIn(old, k.namespaced)
		result.Warnings = append(result.Warnings, fillIn(object, k.namespaced)...)
		fillInUpdate(object, old)
		k.prepareForUpdate(object, old)
		correlated := common.NewCorrelatedObject(object.Object, old.Object, &model.Structural{Structural: k.schema})
		errs := k.validateUpdate(object, old, correlated)
		result.addFieldErrors(errs)
		k.addRules(&result, errs, object.Object, old.Object, cel.WithRatcheting(correlated))
	}
	result.Object = object.Object
	return result
}

// notHandled are the words of k8s.io/apiserver/pkg/endpoints/handlers for a body that does not decode.
func (k *customKind) notHandled(err error) error {
	return fmt.Errorf("%s in version %q cannot be handled as a %s: %w", k.gvk.Kind, k.gvk.Version, k.gvk.Kind, err)
}

func (k *customKind) deprecation() []string {
	switch {
	case !k.version.Deprecated:
		return nil
	case k.version.DeprecationWarning != nil:
		return []string{*k.version.DeprecationWarning}
	default:
		return []string{fmt.Sprintf("%s %s is deprecated", k.gvk.GroupVersion(), k.gvk.Kind)}
	}
}

func (k *customKind) hasStatus() bool {
	return k.version.Subresources != nil && k.version.Subresources.Status != nil
}

func (k *customKind) prepareForCreate(object *unstructured.Unstructured) {
	if k.hasStatus() {
		delete(object.Object, "status")
	}
	object.SetGeneration(1)
}

func (k *customKind) prepareForUpdate(object, old *unstructured.Unstructured) {
	if !k.hasStatus() {
		return
	}
	if status, found := old.Object["status"]; found {
		object.Object["status"] = status
	} else {
		delete(object.Object, "status")
	}
}
