package main

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// fillIn gives an object what kubectl and the request add before it is validated (k8s.io/apiserver/pkg/registry/rest),
// and tells what the server takes away without a word.
func fillIn(object metav1.Object, namespaced bool) []string {
	if object.GetName() == "" && object.GetGenerateName() != "" {
		object.SetName(object.GetGenerateName() + "xxxxx")
	}
	namespace := object.GetNamespace()
	switch {
	case namespaced && namespace == "":
		object.SetNamespace(metav1.NamespaceDefault)
	case !namespaced && namespace != "":
		object.SetNamespace("")
		return []string{fmt.Sprintf("metadata.namespace: %q is dropped: the kind is cluster-scoped", namespace)}
	}
	return nil
}

// fillInUpdate gives an updated object what the caller has read from the server or the server takes from the old one.
func fillInUpdate(object, old metav1.Object) {
	const version = "1"
	old.SetResourceVersion(version)
	object.SetResourceVersion(version)
	if old.GetUID() == "" {
		old.SetUID(types.UID("00000000-0000-0000-0000-000000000001"))
	}
	if object.GetUID() == "" {
		object.SetUID(old.GetUID())
	}
	object.SetGeneration(old.GetGeneration())
	if created := old.GetCreationTimestamp(); !created.IsZero() {
		object.SetCreationTimestamp(created)
	}
}
