{{/* Labels of every object; the argument is a list of the root context and the component. */}}
{{- define "warehouse.labels" -}}
{{- $root := index . 0 -}}
{{ include "warehouse.selector" . }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ $root.Chart.Name }}-{{ $root.Chart.Version }}
{{- end }}

{{- define "warehouse.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: warehouse
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* The security context of a pod under restricted Pod Security; the argument is its user and group. */}}
{{- define "warehouse.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "warehouse.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* How a client reaches the server. */}}
{{- define "warehouse.libpq" -}}
- name: PGHOST
  value: {{ .Values.external.host | default (printf "postgres.%s.svc" .Release.Namespace) | quote }}
- name: PGPORT
  value: {{ ternary .Values.external.port 5432 (not (empty .Values.external.host)) | quote }}
- name: PGDATABASE
  value: warehouse
{{- if .Values.tls.caConfigMap }}
- name: PGSSLMODE
  value: verify-full
- name: PGSSLROOTCERT
  value: /etc/warehouse/ca/ca.crt
{{- else }}
- name: PGSSLMODE
  value: require
{{- end }}
{{- end }}

{{/* A quantity of memory such as 768Mi or 8Gi, in megabytes. */}}
{{- define "warehouse.megabytes" -}}
{{- if hasSuffix "Gi" . -}}
{{ mul 1024 (trimSuffix "Gi" . | int) }}
{{- else -}}
{{ trimSuffix "Mi" . }}
{{- end -}}
{{- end }}

{{/* Not empty if the chart's own StatefulSet is the server. */}}
{{- define "warehouse.isStatefulSet" -}}
{{- if not (or .Values.external.host .Values.cnpg.enabled) }}yes{{ end }}
{{- end }}

{{/* Not empty if CloudNativePG runs the server. */}}
{{- define "warehouse.isCluster" -}}
{{- if and .Values.cnpg.enabled (not .Values.external.host) }}yes{{ end }}
{{- end }}

{{/* What is derived from the memory limit: a quarter is shared, half is left for the page cache. */}}
{{- define "warehouse.memory" -}}
{{- $memory := include "warehouse.megabytes" .Values.resources.limits.memory | int -}}
shared_buffers: {{ div $memory 4 }}MB
effective_cache_size: {{ div $memory 2 }}MB
maintenance_work_mem: {{ div $memory 12 }}MB
work_mem: {{ max 4 (div $memory 96) }}MB
huge_pages: "off"
{{- end }}

{{/* Not empty if backups are made here; an external server is backed up by its provider. */}}
{{- define "warehouse.hasBackups" -}}
{{- if and .Values.backup.enabled (not .Values.external.host) }}yes{{ end }}
{{- end }}

{{/* Where the archive is, and how it is opened. */}}
{{- define "warehouse.archive" -}}
{{- with .Values.cnpg.archive -}}
destinationPath: {{ .url | quote }}
{{- with .endpoint }}
endpointURL: {{ . | quote }}
{{- end }}
{{- with .caSecret }}
endpointCA:
  name: {{ . | quote }}
  key: ca.crt
{{- end }}
s3Credentials:
  {{- if .secret }}
  accessKeyId:
    name: {{ .secret | quote }}
    key: AWS_ACCESS_KEY_ID
  secretAccessKey:
    name: {{ .secret | quote }}
    key: AWS_SECRET_ACCESS_KEY
  {{- else }}
  inheritFromIAMRole: true
  {{- end }}
{{- end }}
{{- end }}

{{/* A pod with the server's programs and the volume of the backups. */}}
{{- define "warehouse.backupPod" -}}
restartPolicy: Never
serviceAccountName: warehouse
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: 1  # nothing to clean up: the next one removes an incomplete backup
securityContext:
  {{- include "warehouse.podSecurityContext" 999 | nindent 2 }}
{{- end }}

{{- define "warehouse.backupContainer" -}}
image: {{ .Values.image | quote }}
imagePullPolicy: {{ .Values.imagePullPolicy }}
securityContext:
  {{- include "warehouse.securityContext" . | nindent 2 }}
resources:
  {{- toYaml .Values.backup.resources | nindent 2 }}
volumeMounts:
  - name: backups
    mountPath: /backups
  - name: scripts
    mountPath: /usr/local/bin/backup
    subPath: backup.sh
  - name: scripts
    mountPath: /usr/local/bin/restore
    subPath: restore.sh
  - name: scripts
    mountPath: /usr/local/bin/drill
    subPath: drill.sh
  - name: tmp
    mountPath: /tmp
  {{- if .Values.tls.caConfigMap }}
  - name: ca
    mountPath: /etc/warehouse/ca
  {{- end }}
{{- end }}

{{- define "warehouse.backupVolumes" -}}
- name: backups
  persistentVolumeClaim:
    claimName: backups
- name: scripts
  configMap:
    name: backup
    defaultMode: 0555
{{ include "warehouse.etlVolumes" . }}
{{- end }}
