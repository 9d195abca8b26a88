{{/*
The kinds of nodes as a JSON list of {role, name, settings}: one in mode "all", two in mode "split".
Settings are the shared ones with those of the kind laid over them, two levels deep.
*/}}
{{- define "waypost.roles" -}}
{{- $full := include "waypost.fullname" . -}}
{{- $shared := pick .Values "replicas" "resources" "autoscaling" "podDisruptionBudget" "topologySpread" "nodeSelector" "tolerations" "affinity" "priorityClassName" "podAnnotations" "podLabels" -}}
{{- if eq .Values.mode "split" -}}
{{- $api := dict "role" "api" "name" (printf "%s-api" $full) "settings" (include "waypost.overlay" (list $shared .Values.api) | fromJson) -}}
{{- $dispatcher := dict "role" "dispatcher" "name" (printf "%s-dispatcher" $full) "settings" (include "waypost.overlay" (list $shared .Values.dispatcher) | fromJson) -}}
{{- list $api $dispatcher | toJson -}}
{{- else -}}
{{- list (dict "role" "all" "name" $full "settings" $shared) | toJson -}}
{{- end -}}
{{- end -}}

{{/* Not `mergeOverwrite`: whether that lets `false` win over `true` differs between versions of Helm. */}}
{{- define "waypost.overlay" -}}
{{- $under := deepCopy (index . 0) -}}
{{- range $key, $value := index . 1 -}}
{{- $present := get $under $key -}}
{{- if and (kindIs "map" $value) (kindIs "map" $present) -}}
{{- range $inner, $held := $value -}}{{- $_ := set $present $inner $held -}}{{- end -}}
{{- else -}}
{{- $_ := set $under $key $value -}}
{{- end -}}
{{- end -}}
{{- toJson $under -}}
{{- end -}}

{{/* The kind of node that answers the API. */}}
{{- define "waypost.apiRole" -}}
{{- eq .Values.mode "split" | ternary "api" "all" -}}
{{- end -}}
