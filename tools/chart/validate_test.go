package chart_test

import (
	"fmt"
	"testing"

	prometheus "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/autoscaling"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	autoscalingvalidation "k8s.io/kubernetes/pkg/apis/autoscaling/validation"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	batchvalidation "k8s.io/kubernetes/pkg/apis/batch/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	networkingvalidation "k8s.io/kubernetes/pkg/apis/networking/validation"
	"k8s.io/kubernetes/pkg/apis/policy"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	policyvalidation "k8s.io/kubernetes/pkg/apis/policy/validation"
	podsecurity "k8s.io/pod-security-admission/api"
	securitypolicy "k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// decoder refuses unknown and repeated fields, and fills in defaults.
var decoder = serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict).UniversalDecoder()

// problems are what an API server would refuse in an object.
func problems(o object) []error {
	switch o.kind {
	case "ServiceMonitor":
		return strict(o, &prometheus.ServiceMonitor{})
	case "PrometheusRule":
		return strict(o, &prometheus.PrometheusRule{})
	case "HTTPRoute":
		return routeProblems(o)
	case "ExternalSecret":
		return nil // its types are no module that can be relied on
	}
	decoded, _, err := decoder.Decode([]byte(o.text), nil, nil)
	if err != nil {
		return []error{err}
	}
	found, err := validate(decoded)
	if err != nil {
		return []error{err}
	}
	var out []error
	for _, e := range found {
		out = append(out, e)
	}
	return out
}

func strict(o object, into any) []error {
	if err := yaml.UnmarshalStrict([]byte(o.text), into); err != nil {
		return []error{err}
	}
	return nil
}

// validate is the validation of the API server at creation.
func validate(decoded runtime.Object) (field.ErrorList, error) {
	switch o := decoded.(type) {
	case *apps.StatefulSet:
		return appsvalidation.ValidateStatefulSet(o, appsvalidation.StatefulSetValidationOptions{}, corevalidation.PodValidationOptions{}), nil
	case *apps.Deployment:
		return appsvalidation.ValidateDeployment(o, corevalidation.PodValidationOptions{}), nil
	case *autoscaling.HorizontalPodAutoscaler:
		return autoscalingvalidation.ValidateHorizontalPodAutoscaler(o, autoscalingvalidation.HorizontalPodAutoscalerSpecValidationOptions{}), nil
	case *policy.PodDisruptionBudget:
		return policyvalidation.ValidatePodDisruptionBudget(o, policyvalidation.PodDisruptionBudgetValidationOptions{}), nil
	case *networking.NetworkPolicy:
		return networkingvalidation.ValidateNetworkPolicy(o, networkingvalidation.NetworkPolicyValidationOptions{}), nil
	case *networking.Ingress:
		return networkingvalidation.ValidateIngressCreate(o), nil
	case *batch.Job:
		// The API server itself fills in what selects the pods of a job.
		manual := true
		o.Spec.ManualSelector, o.Spec.Selector = &manual, &metav1.LabelSelector{MatchLabels: map[string]string{"job": o.Name}}
		o.Spec.Template.Labels = o.Spec.Selector.MatchLabels
		return batchvalidation.ValidateJobCreate(o, batchvalidation.JobValidationOptions{}), nil
	case *core.Pod:
		return corevalidation.ValidatePodCreate(o, corevalidation.PodValidationOptions{}), nil
	case *core.Service:
		if o.Spec.ExternalTrafficPolicy == core.ServiceExternalTrafficPolicyLocal {
			o.Spec.HealthCheckNodePort = 30000 // which the API server chooses
		}
		return corevalidation.ValidateServiceCreate(o), nil
	case *core.ServiceAccount:
		return corevalidation.ValidateServiceAccount(o), nil
	case *core.PersistentVolumeClaim:
		return corevalidation.ValidatePersistentVolumeClaim(o, corevalidation.PersistentVolumeClaimSpecValidationOptions{}), nil
	case *core.Secret:
		return corevalidation.ValidateSecret(o), nil
	case *core.ConfigMap:
		return corevalidation.ValidateConfigMap(o), nil
	}
	return nil, fmt.Errorf("the test cannot validate %T", decoded)
}

// checkPod holds the pod of an object to the restricted level of Kubernetes' Pod
// Security Standards.
func checkPod(t *testing.T, name string, pod corev1.PodTemplateSpec) {
	t.Helper()
	evaluator, err := securitypolicy.NewEvaluator(securitypolicy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	for _, result := range evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			t.Errorf("%s: not restricted: %s: %s", name, result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
}

// podOf returns the pod of the workload among objects.
func podOf(t *testing.T, objects []object) corev1.PodTemplateSpec {
	t.Helper()
	kind := "Deployment"
	for _, o := range objects {
		if o.kind == "StatefulSet" {
			kind = o.kind
		}
	}
	var workload struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal([]byte(find(t, objects, kind).text), &workload); err != nil {
		t.Fatal(err)
	}
	return workload.Spec.Template
}
