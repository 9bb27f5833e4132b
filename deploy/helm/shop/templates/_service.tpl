{{/* The sidecar.yaml of a service: dict root, name, service. As JSON, for fromJson. */}}
{{- define "shop.config" -}}
{{- $ports := .root.Values.outrider.ports -}}
{{- $config := dict
      "service" .name
      "service_namespace" .root.Release.Namespace
      "inbound" (list (dict "listen" (printf "0.0.0.0:%v" $ports.http) "app" "127.0.0.1:9000"))
      "tracing" (dict "collector" .root.Values.collector.address)
      "keys" .root.Values.keys
      "probes" (printf "0.0.0.0:%v" $ports.probes)
      "admin" "127.0.0.1:7900"
      "state" "/var/lib/outrider" -}}
{{- if .service.calls -}}
{{- $upstreams := dict -}}
{{- range $name, $address := .service.calls -}}
{{- $_ := set $upstreams $name (dict "endpoints" (list $address)) -}}
{{- end -}}
{{- $_ := set $config "outbound" (dict "listen" "127.0.0.1:7901") -}}
{{- $_ := set $config "upstreams" $upstreams -}}
{{- end -}}
{{- if .service.kafka -}}
{{- $_ := set $config "kafka" (dict "main" (dict "listen" "127.0.0.1:19092" "brokers" .root.Values.kafka.brokers)) -}}
{{- end -}}
{{- toJson $config -}}
{{- end }}
