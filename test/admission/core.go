package main

import (
	"encoding/json"
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	jsonserializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// clusterScoped are the kinds outside namespaces; their types do not tell.
var clusterScoped = sets.New(
	"CSIDriver", "CSINode", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "DeviceClass", "IngressClass",
	"MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume", "PriorityClass", "RuntimeClass",
	"StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
	"VolumeAttachment",
)

// coreKinds are the kinds that Kubernetes itself serves.
type coreKinds struct {
	scheme  *runtime.Scheme
	decoder runtime.Decoder
}

func newCoreKinds() (*coreKinds, error) {
	scheme := runtime.NewScheme()
	groups := runtime.NewSchemeBuilder(
		admissionregistrationv1.AddToScheme, apiextensionsv1.AddToScheme, appsv1.AddToScheme, autoscalingv2.AddToScheme,
		batchv1.AddToScheme, coordinationv1.AddToScheme, corev1.AddToScheme, discoveryv1.AddToScheme,
		networkingv1.AddToScheme, nodev1.AddToScheme, policyv1.AddToScheme, rbacv1.AddToScheme, resourcev1.AddToScheme,
		schedulingv1.AddToScheme, storagev1.AddToScheme,
	)
	if err := groups.AddToScheme(scheme); err != nil {
		return nil, err
	}
	strict := jsonserializer.SerializerOptions{Strict: true}
	decoder := jsonserializer.NewSerializerWithOptions(jsonserializer.DefaultMetaFactory, scheme, scheme, strict)
	return &coreKinds{scheme: scheme, decoder: decoder}, nil
}

// has tells objects from what else the groups define, such as lists and options.
func (c *coreKinds) has(gvk schema.GroupVersionKind) bool {
	object, err := c.scheme.New(gvk)
	if err != nil {
		return false
	}
	_, ok := object.(metav1.Object)
	return ok
}

func (c *coreKinds) kind(gvk schema.GroupVersionKind) kind {
	return &coreKind{gvk: gvk, namespaced: !clusterScoped.Has(gvk.Kind), decoder: c.decoder}
}

type coreKind struct {
	gvk        schema.GroupVersionKind
	namespaced bool
	decoder    runtime.Decoder
}

func (k *coreKind) admit(raw, rawOld json.RawMessage) answer {
	object, strict, err := k.decode(raw)
	if err != nil {
		return refused(badRequest, err)
	}
	result := newAnswer()
	result.addStrict(strict)
	meta := object.(metav1.Object)
	result.Warnings = append(result.Warnings, fillIn(meta, k.namespaced)...)
	path := field.NewPath("metadata")
	if rawOld != nil {
		old, _, err := k.decode(rawOld)
		if err != nil {
			return refused(badRequest, fmt.Errorf("old: %w", err))
		}
		oldMeta := old.(metav1.Object)
		fillIn(oldMeta, k.namespaced)
		fillInUpdate(meta, oldMeta)
		result.addFieldErrors(apivalidation.ValidateObjectMetaAccessorUpdate(meta, oldMeta, path))
	}
	result.addFieldErrors(apivalidation.ValidateObjectMetaAccessor(meta, k.namespaced, k.validName(), path))
	result.addFieldErrors(coreRules(object))
	return result
}

func (k *coreKind) decode(raw json.RawMessage) (runtime.Object, []error, error) {
	object, _, err := k.decoder.Decode(raw, nil, nil)
	if err == nil {
		return object, nil, nil
	}
	if strict, ok := runtime.AsStrictDecodingError(err); ok && object != nil {
		return object, strict.Errors(), nil
	}
	return nil, nil, fmt.Errorf("%s in version %q cannot be handled as a %s: %w", k.gvk.Kind, k.gvk.Version, k.gvk.Kind, err)
}

// validName is the rule for names of a kind, or a weaker one where the server's own is not at hand.
func (k *coreKind) validName() apivalidation.ValidateNameFunc {
	switch k.gvk.Kind {
	case "Namespace":
		return apivalidation.ValidateNamespaceName
	case "Service":
		// A digit at the start depends on a feature gate (RelaxedServiceNameValidation).
		return apivalidation.NameIsDNSLabel
	case "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding":
		return func(string, bool) []string { return nil }
	default:
		return apivalidation.NameIsDNSSubdomain
	}
}
