{{/* What a pod of Waypost is made of. The image's user is 65532; nothing is writable but what is mounted to be. */}}

{{- define "waypost.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "waypost.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/*
What every pod of this chart has. No service links: Kubernetes would announce a service named "waypost" as WAYPOST_PORT and the like,
which Waypost refuses as settings it does not know.
*/}}
{{- define "waypost.podBasics" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  {{- include "waypost.podSecurity" . | nindent 2 }}
{{- end -}}

{{/* The environment that this chart makes, without the role. */}}
{{- define "waypost.environment" -}}
- name: WAYPOST_SERVER__LISTEN
  value: 0.0.0.0:8080
- name: WAYPOST_SERVER__GRACE_PERIOD_MS
  value: {{ mul (int .Values.gracePeriodSeconds) 1000 | quote }}
{{- if eq .Values.database.kind "sqlite" }}
- name: WAYPOST_DATABASE__URL
  value: sqlite:///data/waypost.db
{{- end }}
- name: WAYPOST_DATABASE__MIGRATE
  value: {{ or (eq .Values.database.kind "sqlite") (not .Values.migration.job) | quote }}
{{- range include "waypost.secrets" . | fromJsonArray }}
- name: {{ .setting }}
  value: {{ include "waypost.secretsFolder" $ }}/{{ .file }}
{{- end }}
{{- if .Values.config }}
- name: WAYPOST_CONFIG
  value: /etc/waypost/waypost.toml
{{- end }}
{{- end -}}

{{/* The volume of a list of secrets, each a file. */}}
{{- define "waypost.secretsVolume" -}}
name: secrets
projected:
  # 0440: readable for the group that fsGroup gives the container.
  defaultMode: 288
  sources:
    {{- range . }}
    - secret:
        name: {{ .secret }}
        items:
          - key: {{ .key }}
            path: {{ .file }}
    {{- end }}
{{- end -}}

{{/* The volumes of nodes, but for the one that a StatefulSet claims. */}}
{{- define "waypost.volumes" -}}
{{- $found := list -}}
{{- if eq .Values.database.kind "postgres" -}}
{{- /* A node on Postgres keeps nothing here; it takes the place of the image's volume. */ -}}
{{- $found = append $found (dict "name" "data" "emptyDir" (dict "sizeLimit" "16Mi")) -}}
{{- else if .Values.database.sqlite.existingClaim -}}
{{- $found = append $found (dict "name" "data" "persistentVolumeClaim" (dict "claimName" .Values.database.sqlite.existingClaim)) -}}
{{- end -}}
{{- with include "waypost.secrets" . | fromJsonArray -}}
{{- $found = append $found (include "waypost.secretsVolume" . | fromYaml) -}}
{{- end -}}
{{- if .Values.config -}}
{{- $found = append $found (dict "name" "config" "configMap" (dict "name" (include "waypost.fullname" .))) -}}
{{- end -}}
{{- with concat $found .Values.volumes -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}

