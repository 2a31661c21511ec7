{{/* The pod, which is the same in the StatefulSet and in the Deployment. */}}
{{- define "gavel.pod" -}}
metadata:
  labels:
    {{- /* Not the version of the chart: a change of it alone restarts no pod. */}}
    {{- include "gavel.selector" . | nindent 4 }}
    {{- with .Values.commonLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: gavel
    {{- /* Rules and secrets are files that Gavel reads again when they change. Only
    the database URL is read at the start alone. */}}
    {{- with .Values.database.postgres.url }}
    checksum/database-url: {{ sha256sum . }}
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "gavel.serviceAccount" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ add .Values.shutdown.delaySeconds .Values.shutdown.timeoutSeconds 10 }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: gavel
      image: {{ include "gavel.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      args:
        {{- include "gavel.args" . | nindent 8 }}
      env:
        {{- include "gavel.env" . | nindent 8 }}
      {{- with .Values.envFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - name: events
          containerPort: 8080
        - name: console
          containerPort: 8081
      startupProbe:
        httpGet:
          path: /-/healthy
          port: console
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: {{ div (add .Values.startup.maxSeconds 4) 5 }}
      livenessProbe:
        httpGet:
          path: /-/healthy
          port: console
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet:
          path: /-/ready
          port: console
        periodSeconds: 3
        timeoutSeconds: 3
        failureThreshold: 2
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        {{- include "gavel.mounts" . | nindent 8 }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "gavel.volumes" . | nindent 4 }}
  {{- include "gavel.placement" . | nindent 2 }}
{{- end }}

{{- define "gavel.args" -}}
- serve
- --listen=:8080
- --console=:8081
- --signing-secret-file=/etc/gavel/secrets/signing-secret
- --console-token-file=/etc/gavel/secrets/console-token
- --log-format={{ .Values.log.format }}
- --log-level={{ .Values.log.level }}
- --shutdown-delay={{ .Values.shutdown.delaySeconds }}s
- --shutdown-timeout={{ .Values.shutdown.timeoutSeconds }}s
{{- with include "gavel.consoleURL" . }}
- --console-url={{ . }}
{{- end }}
{{- with .Values.trustedProxies }}
- {{ printf "--trusted-proxies=%s" (join "," .) | quote }}
{{- end }}
{{- if .Values.tls.existingSecret }}
- --tls-cert=/etc/gavel/tls/tls.crt
- --tls-key=/etc/gavel/tls/tls.key
{{- end }}
{{- if .Values.backup.enabled }}
- --backup-to=/backup
- --backup-every={{ .Values.backup.every }}
- --backup-keep={{ .Values.backup.keep }}
{{- end }}
{{- range $name, $value := .Values.flags }}
- {{ printf "--%s=%s" $name (kindIs "string" $value | ternary $value (toJson $value)) | quote }}
{{- end }}
{{- end }}

{{/* What other commands in the container need as well is in the environment:
kubectl exec … -- /gavel status. */}}
{{- define "gavel.env" -}}
- name: GAVEL_RULES
  value: /rules
- name: GAVEL_DATABASE
  {{- if eq .Values.database.kind "postgres" }}
  valueFrom:
    secretKeyRef:
      name: {{ include "gavel.databaseSecret" . }}
      key: {{ include "gavel.databaseKey" . }}
  {{- else }}
  value: sqlite:/data/gavel.db
  {{- end }}
{{- if include "gavel.ruleSecrets" . }}
- name: GAVEL_SECRETS_DIR
  value: /etc/gavel/env
{{- end }}
{{- if include "gavel.key.encryptionKeys" . }}
- name: GAVEL_ENCRYPTION_KEY_FILE
  value: /etc/gavel/secrets/encryption-keys
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "gavel.mounts" -}}
- name: rules
  mountPath: /rules
  readOnly: true
- name: secrets
  mountPath: /etc/gavel/secrets
  readOnly: true
{{- if include "gavel.ruleSecrets" . }}
- name: env
  mountPath: /etc/gavel/env
  readOnly: true
{{- end }}
{{- if .Values.tls.existingSecret }}
- name: tls
  mountPath: /etc/gavel/tls
  readOnly: true
{{- end }}
{{- if eq .Values.database.kind "sqlite" }}
- name: data
  mountPath: /data
{{- end }}
{{- if .Values.backup.enabled }}
- name: backup
  mountPath: /backup
{{- end }}
- name: tmp
  mountPath: /tmp
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "gavel.volumes" -}}
- name: rules
  configMap:
    name: {{ include "gavel.rules" . }}
- name: secrets
  secret:
    secretName: {{ include "gavel.secret" . }}
    defaultMode: 0440
    items:
      - key: {{ include "gavel.key.signingSecret" . }}
        path: signing-secret
      - key: {{ include "gavel.key.consoleToken" . }}
        path: console-token
      {{- with include "gavel.key.encryptionKeys" . }}
      - key: {{ . }}
        path: encryption-keys
      {{- end }}
{{- with include "gavel.ruleSecrets" . }}
- name: env
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- if and (eq .Values.database.kind "sqlite") .Values.database.persistence.existingClaim }}
- name: data
  persistentVolumeClaim:
    claimName: {{ .Values.database.persistence.existingClaim }}
{{- end }}
{{- if .Values.backup.enabled }}
- name: backup
  persistentVolumeClaim:
    claimName: {{ .Values.backup.existingClaim | default (printf "%s-backup" (include "gavel.fullname" .)) }}
{{- end }}
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.tmpSizeLimit }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "gavel.placement" -}}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml .Values.topologySpreadConstraints | nindent 2 }}
{{- else if eq .Values.database.kind "postgres" }}
topologySpreadConstraints:
  {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "gavel.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- end }}
