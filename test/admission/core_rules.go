package main

import (
	"encoding/json"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// coreRules are the rules of k8s.io/kubernetes/pkg/apis that a few lines can hold; that module itself is too large to
// depend on. An object that passes may still be refused by the rest of them.
func coreRules(object runtime.Object) field.ErrorList {
	spec := field.NewPath("spec")
	switch o := object.(type) {
	case *corev1.ConfigMap:
		return append(dataKeys(o.Data, field.NewPath("data")), dataKeys(o.BinaryData, field.NewPath("binaryData"))...)
	case *corev1.Secret:
		return secretRules(o)
	case *corev1.PersistentVolumeClaim:
		return claimRules(&o.Spec, spec)
	case *storagev1.StorageClass:
		if o.Provisioner == "" {
			return field.ErrorList{field.Required(field.NewPath("provisioner"), "")}
		}
	case *policyv1.PodDisruptionBudget:
		return budgetRules(&o.Spec, spec)
	case *appsv1.Deployment:
		return workloadRules(o.Spec.Selector, &o.Spec.Template, spec)
	case *appsv1.StatefulSet:
		return workloadRules(o.Spec.Selector, &o.Spec.Template, spec)
	case *appsv1.DaemonSet:
		return workloadRules(o.Spec.Selector, &o.Spec.Template, spec)
	}
	return nil
}

func dataKeys[V any](data map[string]V, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for key := range data {
		for _, message := range validation.IsConfigMapKey(key) {
			errs = append(errs, field.Invalid(path.Key(key), key, message))
		}
	}
	return errs
}

// secretRules are those of ValidateSecret, for the types of pull secrets and for any other.
func secretRules(secret *corev1.Secret) field.ErrorList {
	path := field.NewPath("data")
	data := map[string][]byte{}
	for key, value := range secret.Data {
		data[key] = value
	}
	for key, value := range secret.StringData {
		data[key] = []byte(value)
	}
	errs := dataKeys(data, path)
	size := 0
	for _, value := range data {
		size += len(value)
	}
	if size > corev1.MaxSecretSize {
		errs = append(errs, field.TooLong(path, "", corev1.MaxSecretSize))
	}
	key := ""
	switch secret.Type {
	case corev1.SecretTypeDockercfg:
		key = corev1.DockerConfigKey
	case corev1.SecretTypeDockerConfigJson:
		key = corev1.DockerConfigJsonKey
	default:
		return errs
	}
	content, found := data[key]
	if !found {
		return append(errs, field.Required(path.Key(key), ""))
	}
	if err := json.Unmarshal(content, &map[string]any{}); err != nil {
		errs = append(errs, field.Invalid(path.Key(key), "<secret contents redacted>", err.Error()))
	}
	return errs
}

func claimRules(claim *corev1.PersistentVolumeClaimSpec, spec *field.Path) field.ErrorList {
	var errs field.ErrorList
	path := spec.Child("accessModes")
	if len(claim.AccessModes) == 0 {
		errs = append(errs, field.Required(path, "at least 1 access mode is required"))
	}
	supported := []corev1.PersistentVolumeAccessMode{
		corev1.ReadOnlyMany, corev1.ReadWriteMany, corev1.ReadWriteOnce, corev1.ReadWriteOncePod,
	}
	for _, mode := range claim.AccessModes {
		if !slices.Contains(supported, mode) {
			errs = append(errs, field.NotSupported(path, mode, supported))
		}
	}
	storage := spec.Child("resources").Key(string(corev1.ResourceStorage))
	quantity, found := claim.Resources.Requests[corev1.ResourceStorage]
	switch {
	case !found:
		errs = append(errs, field.Required(storage, ""))
	case quantity.Sign() <= 0:
		errs = append(errs, field.Invalid(storage, quantity.String(), "must be greater than zero"))
	}
	return append(errs, selectorRules(claim.Selector, spec)...)
}

func budgetRules(budget *policyv1.PodDisruptionBudgetSpec, spec *field.Path) field.ErrorList {
	var errs field.ErrorList
	if budget.MinAvailable != nil && budget.MaxUnavailable != nil {
		errs = append(errs, field.Invalid(spec, budget, "minAvailable and maxUnavailable cannot be both set"))
	}
	return append(errs, selectorRules(budget.Selector, spec)...)
}

func workloadRules(selector *metav1.LabelSelector, template *corev1.PodTemplateSpec, spec *field.Path) field.ErrorList {
	metadata := spec.Child("template", "metadata")
	errs := metav1validation.ValidateLabels(template.Labels, metadata.Child("labels"))
	errs = append(errs, apivalidation.ValidateAnnotations(template.Annotations, metadata.Child("annotations"))...)
	if selector == nil {
		return append(errs, field.Required(spec.Child("selector"), ""))
	}
	errs = append(errs, selectorRules(selector, spec)...)
	if compiled, err := metav1.LabelSelectorAsSelector(selector); err == nil && !compiled.Matches(labels.Set(template.Labels)) {
		errs = append(errs, field.Invalid(metadata.Child("labels"), template.Labels, "`selector` does not match template `labels`"))
	}
	if len(template.Spec.Containers) == 0 {
		errs = append(errs, field.Required(spec.Child("template", "spec", "containers"), ""))
	}
	return errs
}

func selectorRules(selector *metav1.LabelSelector, spec *field.Path) field.ErrorList {
	options := metav1validation.LabelSelectorValidationOptions{}
	return metav1validation.ValidateLabelSelector(selector, options, spec.Child("selector"))
}
