// Package chart tests what Gavel ships for Kubernetes and Compose: the Helm
// chart, the Kustomize folders and the Compose file. It is a module of its own,
// because it needs much of Kubernetes and Helm. scripts/test runs it.
//
//	go -C tools/chart test ./...            # with Go and promtool alone
//	go -C tools/chart test ./... -update    # write what is made from the chart
//
// Objects are decoded, defaulted and validated by the code of the API server
// itself; those of custom resources by their published types and schemas.
package chart
