{{- define "gavel.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 58 | trimSuffix "-" }}
{{- end }}

{{/* The name of the objects. The longest suffix is "-console-token". */}}
{{- define "gavel.fullname" -}}
{{- $name := include "gavel.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 48 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 48 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "gavel.selector" -}}
app.kubernetes.io/name: {{ include "gavel.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "gavel.labels" -}}
{{ include "gavel.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Metadata of an object. Give (list $ SUFFIX LABELS ANNOTATIONS). */}}
{{- define "gavel.metadata" -}}
{{- $top := index . 0 }}
name: {{ include "gavel.fullname" $top }}{{ index . 1 }}
namespace: {{ $top.Release.Namespace }}
labels:
  {{- include "gavel.labels" $top | nindent 2 }}
  {{- with index . 2 }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (index . 3 | default dict) $top.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "gavel.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "gavel.replicas" -}}
{{- if kindIs "invalid" .Values.replicas -}}
{{ ternary 2 1 (eq .Values.database.kind "postgres") }}
{{- else -}}
{{ .Values.replicas | int }}
{{- end }}
{{- end }}

{{- define "gavel.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "gavel.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "gavel.secret" -}}
{{ .Values.secrets.existingSecret | default (include "gavel.fullname" .) }}
{{- end }}

{{/* The key of a secret in the Secret: that of the chart has fixed ones. */}}
{{- define "gavel.key.signingSecret" -}}
{{ ternary .Values.secrets.keys.signingSecret "signing-secret" (ne .Values.secrets.existingSecret "") }}
{{- end }}
{{- define "gavel.key.consoleToken" -}}
{{ ternary .Values.secrets.keys.consoleToken "console-token" (ne .Values.secrets.existingSecret "") }}
{{- end }}
{{- define "gavel.key.encryptionKeys" -}}
{{- if .Values.secrets.existingSecret -}}
{{ .Values.secrets.keys.encryptionKeys }}
{{- else if .Values.secrets.encryptionKeys -}}
encryption-keys
{{- end }}
{{- end }}

{{- define "gavel.rules" -}}
{{ .Values.rules.existingConfigMap | default (printf "%s-rules" (include "gavel.fullname" .)) }}
{{- end }}

{{/* The Secret with what rules read; empty if there is none. */}}
{{- define "gavel.ruleSecrets" -}}
{{- if .Values.ruleSecrets.existingSecret -}}
{{ .Values.ruleSecrets.existingSecret }}
{{- else if .Values.ruleSecrets.values -}}
{{ include "gavel.fullname" . }}-env
{{- end }}
{{- end }}

{{- define "gavel.databaseSecret" -}}
{{ .Values.database.postgres.existingSecret | default (printf "%s-database" (include "gavel.fullname" .)) }}
{{- end }}
{{- define "gavel.databaseKey" -}}
{{ ternary .Values.database.postgres.key "database-url" (ne .Values.database.postgres.existingSecret "") }}
{{- end }}

{{- define "gavel.consoleURL" -}}
{{- if .Values.console.url -}}
{{ .Values.console.url }}
{{- else if .Values.console.ingress.enabled -}}
https://{{ .Values.console.ingress.host }}
{{- else if .Values.console.gateway.enabled -}}
https://{{ first .Values.console.gateway.hostnames }}
{{- end }}
{{- end }}
