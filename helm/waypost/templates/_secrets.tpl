{{/*
The secrets of nodes as a JSON list of {setting, secret, key, file, value}: those given by value lie in this chart's secret, the
others where the operator put them. Nodes read them as files: an environment is inherited, printed and dumped too easily.
*/}}
{{- define "waypost.secrets" -}}
{{- $own := include "waypost.fullname" . -}}
{{- $found := list -}}
{{- with .Values.database -}}
{{- if and (eq .kind "postgres") (or .postgres.url .postgres.existingSecret) -}}
{{- $found = append $found (dict "setting" "WAYPOST_DATABASE__URL_FILE" "file" "database-url" "value" .postgres.url "secret" (.postgres.existingSecret | default $own) "key" (ternary "database-url" .postgres.existingSecretKey (empty .postgres.existingSecret))) -}}
{{- end -}}
{{- end -}}
{{- with .Values.auth -}}
{{- if or .bootstrapKey .existingSecret -}}
{{- $found = append $found (dict "setting" "WAYPOST_AUTH__BOOTSTRAP_KEY_FILE" "file" "bootstrap-key" "value" .bootstrapKey "secret" (.existingSecret | default $own) "key" (ternary "bootstrap-key" .existingSecretKey (empty .existingSecret))) -}}
{{- end -}}
{{- end -}}
{{- with .Values.encryption -}}
{{- if or .key .existingSecret -}}
{{- $found = append $found (dict "setting" "WAYPOST_ENCRYPTION__KEY_FILE" "file" "encryption-key" "value" .key "secret" (.existingSecret | default $own) "key" (ternary "encryption-key" .existingSecretKey (empty .existingSecret))) -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

{{/* Where secrets are mounted. */}}
{{- define "waypost.secretsFolder" -}}/run/secrets/waypost{{- end -}}
