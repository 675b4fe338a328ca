package main

import (
	"context"
	"fmt"
	"math"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
)

// validate is customResourceStrategy.Validate, up to the CEL rules, of k8s.io/apiextensions-apiserver/pkg/registry/customresource. That
// package itself would bring etcd, gRPC and client-go: 600 packages more.
func (k *customKind) validate(object *unstructured.Unstructured) field.ErrorList {
	metadata := field.NewPath("metadata")
	errs := apivalidation.ValidateObjectMetaAccessor(object, k.namespaced, apivalidation.NameIsDNSSubdomain, metadata)
	errs = append(errs, validation.ValidateCustomResource(nil, object.Object, k.validator)...)
	errs = append(errs, k.validateScale(object)...)
	errs = append(errs, objectmeta.Validate(nil, object.Object, k.schema, false)...)
	return append(errs, listtype.ValidateListSetsAndMaps(nil, k.schema, object.Object)...)
}

// validateUpdate is customResourceStrategy.ValidateUpdate, up to the CEL rules: what was wrong before and is unchanged may
// stay.
func (k *customKind) validateUpdate(object, old *unstructured.Unstructured, correlated *common.CorrelatedObject) field.ErrorList {
	metadata := field.NewPath("metadata")
	errs := apivalidation.ValidateObjectMetaAccessor(object, k.namespaced, apivalidation.NameIsDNSSubdomain, metadata)
	errs = append(errs, apivalidation.ValidateObjectMetaAccessorUpdate(object, old, metadata)...)
	ratcheting := validation.WithRatcheting(correlated)
	errs = append(errs, validation.ValidateCustomResourceUpdate(nil, object.Object, old.Object, k.validator, ratcheting)...)
	errs = append(errs, k.validateScale(object)...)
	errs = append(errs, objectmeta.Validate(nil, object.Object, k.schema, false)...)
	if len(listtype.ValidateListSetsAndMaps(nil, k.schema, old.Object)) == 0 {
		errs = append(errs, listtype.ValidateListSetsAndMaps(nil, k.schema, object.Object)...)
	}
	return errs
}

// addRules is the rest of both: it asks the CEL rules, unless the object is too wrong for them. A nil old is a creation.
func (k *customKind) addRules(result *answer, sofar field.ErrorList, object, old map[string]any, options ...cel.Option) {
	if k.cel == nil {
		return
	}
	if blocksRules(sofar) {
		result.addFieldErrors(field.ErrorList{field.Invalid(nil, nil, "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation")})
		return
	}
	// A nil map in an interface is not nil, and the rules would take it for an update.
	var before any
	if old != nil {
		before = old
	}
	errs, _ := k.cel.Validate(context.Background(), nil, k.schema, object, before, celconfig.RuntimeCELCostBudget, options...)
	result.addRuleErrors(errs)
}

// blocksRules is hasBlockingErr of the same package.
func blocksRules(errs field.ErrorList) bool {
	for _, err := range errs {
		switch err.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany,
			field.ErrorTypeTypeInvalid:
			return true
		}
	}
	return false
}

// validateScale is customResourceValidator.ValidateScaleSpec.
func (k *customKind) validateScale(object *unstructured.Unstructured) field.ErrorList {
	if k.version.Subresources == nil || k.version.Subresources.Scale == nil {
		return nil
	}
	at := k.version.Subresources.Scale.SpecReplicasPath
	path := field.NewPath(at)
	replicas, _, err := unstructured.NestedInt64(object.Object, strings.Split(strings.TrimPrefix(at, "."), ".")...)
	switch {
	case err != nil:
		return field.ErrorList{field.Invalid(path, replicas, err.Error())}
	case replicas < 0:
		return field.ErrorList{field.Invalid(path, replicas, "should be a non-negative integer")}
	case replicas > math.MaxInt32:
		return field.ErrorList{field.Invalid(path, replicas, fmt.Sprintf("should be less than or equal to %v", math.MaxInt32))}
	}
	return nil
}
