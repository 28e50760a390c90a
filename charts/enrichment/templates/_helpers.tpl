{{- define "enrichment.selector" -}}
app.kubernetes.io/name: enrichment
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "enrichment.labels" -}}
{{ include "enrichment.selector" . }}
app.kubernetes.io/part-of: data-platform
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
