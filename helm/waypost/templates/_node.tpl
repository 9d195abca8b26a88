{{/* The pod template of nodes, for `dict "context" $ "node" (one of waypost.roles)`. */}}
{{- define "waypost.node" -}}
{{- $root := .context -}}
{{- $node := .node -}}
{{- $settings := .node.settings -}}
{{- $secrets := include "waypost.secrets" $root | fromJsonArray -}}
metadata:
  labels:
    {{- include "waypost.selectorLabels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ $node.role }}
    {{- with $settings.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # Nodes read their settings when they start: a change of either replaces them.
    checksum/config: {{ $root.Values.config | sha256sum }}
    checksum/secrets: {{ toJson $secrets | sha256sum }}
    {{- with $settings.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "waypost.podBasics" $root | nindent 2 }}
  serviceAccountName: {{ include "waypost.serviceAccountName" $root }}
  terminationGracePeriodSeconds: {{ add (int $root.Values.stopDelaySeconds) (int $root.Values.gracePeriodSeconds) 10 }}
  {{- with $settings.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  containers:
    - name: waypost
      image: {{ include "waypost.image" $root }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: [serve]
      env:
        - name: WAYPOST_ROLE
          value: {{ $node.role }}
        {{- include "waypost.environment" $root | nindent 8 }}
        {{- with $root.Values.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - name: http
          containerPort: 8080
      # A migration of a large SQLite database takes its time; nothing else is asked until it has started.
      startupProbe:
        httpGet: {path: /livez, port: http}
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 300
      livenessProbe:
        httpGet: {path: /livez, port: http}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: {path: /readyz, port: http}
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 2
      {{- if and (gt (int $root.Values.stopDelaySeconds) 0) (semverCompare ">=1.30-0" $root.Capabilities.KubeVersion.Version) }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ int $root.Values.stopDelaySeconds }}
      {{- end }}
      resources:
        {{- toYaml $settings.resources | nindent 8 }}
      securityContext:
        {{- include "waypost.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        - name: data
          mountPath: /data
        {{- if $secrets }}
        - name: secrets
          mountPath: {{ include "waypost.secretsFolder" $root }}
          readOnly: true
        {{- end }}
        {{- if $root.Values.config }}
        - name: config
          mountPath: /etc/waypost
          readOnly: true
        {{- end }}
        {{- with $root.Values.volumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  {{- with include "waypost.volumes" $root }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
  {{- if $settings.topologySpread.enabled }}
  topologySpreadConstraints:
    {{- range $settings.topologySpread.topologyKeys }}
    - topologyKey: {{ . }}
      maxSkew: {{ int $settings.topologySpread.maxSkew }}
      whenUnsatisfiable: {{ $settings.topologySpread.whenUnsatisfiable }}
      labelSelector:
        matchLabels:
          {{- include "waypost.selectorLabels" $root | nindent 10 }}
          app.kubernetes.io/component: {{ $node.role }}
    {{- end }}
  {{- end }}
  {{- with $settings.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $settings.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $settings.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
