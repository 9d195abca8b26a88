{{/*
Combinations that the schema can't describe, or not in words that help. Each message names the values and says what to do.
*/}}
{{- define "waypost.refuse" -}}
{{- $v := .Values -}}
{{- if eq $v.database.kind "sqlite" -}}
  {{- if gt (int $v.replicas) 1 -}}
    {{- fail "replicas: one SQLite file serves one node; set replicas to 1, or database.kind to postgres" -}}
  {{- end -}}
  {{- if eq $v.mode "split" -}}
    {{- fail "mode: split needs a database that several nodes share; set mode to all, or database.kind to postgres" -}}
  {{- end -}}
  {{- if $v.autoscaling.enabled -}}
    {{- fail "autoscaling.enabled: one SQLite file serves one node; switch it off, or set database.kind to postgres" -}}
  {{- end -}}
{{- else -}}
  {{- if and (not $v.database.postgres.url) (not $v.database.postgres.existingSecret) -}}
    {{- fail "database.postgres: name the database in url, or a secret that holds its URL in existingSecret" -}}
  {{- end -}}
  {{- if and (not $v.auth.bootstrapKey) (not $v.auth.existingSecret) -}}
    {{- fail "auth: on Postgres nodes start at once, and each would make a first administrator's key; set bootstrapKey or existingSecret" -}}
  {{- end -}}
{{- end -}}
{{- if and $v.database.postgres.url $v.database.postgres.existingSecret -}}
  {{- fail "database.postgres: url and existingSecret are both set; keep one of them" -}}
{{- end -}}
{{- if and $v.auth.bootstrapKey $v.auth.existingSecret -}}
  {{- fail "auth: bootstrapKey and existingSecret are both set; keep one of them" -}}
{{- end -}}
{{- if and $v.encryption.key $v.encryption.existingSecret -}}
  {{- fail "encryption: key and existingSecret are both set; keep one of them" -}}
{{- end -}}
{{- if and (eq $v.mode "all") (or $v.api $v.dispatcher) -}}
  {{- fail "api, dispatcher: they say what differs between two kinds of nodes, and mode is all; set mode to split" -}}
{{- end -}}
{{- range include "waypost.roles" . | fromJsonArray -}}
  {{- if and .settings.autoscaling.enabled (gt (int .settings.autoscaling.minReplicas) (int .settings.autoscaling.maxReplicas)) -}}
    {{- fail (printf "autoscaling of %s: minReplicas is above maxReplicas" .role) -}}
  {{- end -}}
{{- end -}}
{{- if and $v.ingress.enabled (not $v.ingress.hosts) -}}
  {{- fail "ingress.hosts: name at least one host, or set ingress.enabled to false" -}}
{{- end -}}
{{- $own := include "waypost.environment" . | fromYamlArray -}}
{{- range $held := $v.env -}}
  {{- range $own -}}
    {{- if eq .name $held.name -}}
      {{- fail (printf "env: this chart sets %s itself; use the value it stands for" .name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end -}}
