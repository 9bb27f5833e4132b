{{/*
Every template takes a dict:
  root      the context of the chart, `$`
  name      the workload's name
  config    its sidecar.yaml, as a map
  policies  (optional) files of policies: {NAME.yaml: text}
*/}}

{{/* The ConfigMap of the configuration and, apart from it, that of the policies: those are taken over while the sidecar runs. */}}
{{- define "outrider.configMaps" -}}
{{- $config := .config -}}
{{- if .policies -}}
{{- $config = merge (dict "policies" "/etc/outrider/policies.d") .config -}}
{{- end -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .name }}-outrider
  labels:
    app.kubernetes.io/name: {{ .name }}
    app.kubernetes.io/managed-by: {{ .root.Release.Service }}
data:
  sidecar.yaml: |
{{ toYaml $config | indent 4 }}
{{- if .policies }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .name }}-outrider-policies
  labels:
    app.kubernetes.io/name: {{ .name }}
    app.kubernetes.io/managed-by: {{ .root.Release.Service }}
data:
{{- range $file, $text := .policies }}
  {{ $file }}: |
{{ $text | indent 4 }}
{{- end }}
{{- end }}
{{- end }}

{{/* Annotations of the pod: a changed configuration makes new pods, changed policies do not. */}}
{{- define "outrider.annotations" -}}
outrider/config: {{ toYaml .config | sha256sum | trunc 16 | quote }}
{{- end }}

{{/* One of the pod's `initContainers`: `restartPolicy: Always` makes it a sidecar, up before the service and down after it. */}}
{{- define "outrider.container" -}}
{{- $values := .root.Values.outrider -}}
name: outrider
image: "{{ $values.image.repository }}:{{ $values.image.tag }}"
imagePullPolicy: {{ $values.image.pullPolicy }}
restartPolicy: Always
args: [run, --config, /etc/outrider/sidecar.yaml]
ports:
  - {name: http, containerPort: {{ $values.ports.http }}}
  - {name: probes, containerPort: {{ $values.ports.probes }}}
startupProbe:
  httpGet: {path: /startupz, port: probes}
  {{- toYaml $values.probes.startup | nindent 2 }}
readinessProbe:
  httpGet: {path: /readyz, port: probes}
  {{- toYaml $values.probes.readiness | nindent 2 }}
livenessProbe:
  httpGet: {path: /livez, port: probes}
  {{- toYaml $values.probes.liveness | nindent 2 }}
resources:
  {{- toYaml $values.resources | nindent 2 }}
securityContext:
  runAsUser: 7900
  runAsGroup: 7900
  runAsNonRoot: true
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
  - {name: outrider-config, mountPath: /etc/outrider, readOnly: true}
  - {name: outrider-state, mountPath: /var/lib/outrider}
{{- end }}

{{/* Two of the pod's `volumes`. */}}
{{- define "outrider.volumes" -}}
- name: outrider-config
  projected:
    sources:
      - configMap: {name: {{ .name }}-outrider}
      {{- if .policies }}
      - configMap:
          name: {{ .name }}-outrider-policies
          items:
            {{- range $file, $_ := .policies }}
            - {key: {{ $file }}, path: policies.d/{{ $file }}}
            {{- end }}
      {{- end }}
- name: outrider-state
  emptyDir: {sizeLimit: {{ .root.Values.outrider.state.sizeLimit }}}
{{- end }}

{{/* Two of the Service's `ports`. */}}
{{- define "outrider.servicePorts" -}}
- {name: http, port: {{ .root.Values.outrider.ports.http }}, targetPort: http}
- {name: probes, port: {{ .root.Values.outrider.ports.probes }}, targetPort: probes}
{{- end }}
