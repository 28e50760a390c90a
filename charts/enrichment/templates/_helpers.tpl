{{- define "enrichment.selector" -}}
app.kubernetes.io/name: enrichment
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "enrichment.labels" -}}
{{ include "enrichment.selector" . }}
{{ include "enrichment.common" . }}
{{- end }}

{{- define "mosaic.selector" -}}
app.kubernetes.io/name: mosaic
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "mosaic.labels" -}}
{{ include "mosaic.selector" . }}
{{ include "enrichment.common" . }}
{{- end }}

{{- define "enrichment.common" -}}
app.kubernetes.io/part-of: data-platform
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
