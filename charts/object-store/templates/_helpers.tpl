{{- define "object-store.selector" -}}
app.kubernetes.io/name: object-store
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "object-store.labels" -}}
{{ include "object-store.selector" . }}
app.kubernetes.io/part-of: data-platform
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
