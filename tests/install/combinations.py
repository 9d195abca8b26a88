"""Values that people install with, by name. Each is rendered, validated and looked through."""

KEY = "wp_a_key_for_tests_0123456789"
URL = "postgres://waypost:secret@postgres.example/waypost"
WRAPPING_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

POSTGRES = {"database": {"kind": "postgres", "postgres": {"url": URL}}, "auth": {"bootstrapKey": KEY}}
EXISTING = {
    "database": {"kind": "postgres", "postgres": {"existingSecret": "db", "existingSecretKey": "uri"}},
    "auth": {"existingSecret": "admin"},
    "encryption": {"existingSecret": "vault", "existingSecretKey": "key"},
}
PEER = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}
PROMETHEUS = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}

COMBINATIONS = {
    "nothing set": {},
    "SQLite with keys, a class and settings": {
        "auth": {"bootstrapKey": KEY},
        "encryption": {"key": WRAPPING_KEY},
        "database": {"sqlite": {"size": "500Mi", "storageClass": "fast"}},
        "config": "[egress]\nallow_http = false\n\n[log]\nfilter = \"info\"\n",
    },
    "SQLite on a claim that is there": {"database": {"sqlite": {"existingClaim": "old-data"}}},
    "Postgres, nodes of one kind": {**POSTGRES, "replicas": 3},
    "Postgres split, with everything on": {
        **POSTGRES,
        "mode": "split",
        "encryption": {"key": WRAPPING_KEY},
        "autoscaling": {"enabled": True, "metrics": [
            {"type": "Resource", "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 80}}},
        ]},
        "api": {"resources": {"limits": {"memory": "1Gi", "cpu": 2}}, "podDisruptionBudget": {"maxUnavailable": "25%"}},
        "dispatcher": {
            "replicas": 4,
            "autoscaling": {"enabled": False},
            "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "events", "effect": "NoSchedule"}],
            "nodeSelector": {"pool": "events"},
            "priorityClassName": "high",
        },
        "topologySpread": {"whenUnsatisfiable": "DoNotSchedule"},
        "networkPolicy": {"enabled": True, "from": [PEER, PROMETHEUS], "postgres": {"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]},
                          "sinks": {"cidrs": ["0.0.0.0/0", "::/0", "10.9.0.0/16"]},
                          "egress": [{"to": [PEER], "ports": [{"port": 443, "protocol": "TCP"}]}]},
        "metrics": {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}},
    },
    "Postgres split, what exists already": {**EXISTING, "mode": "split", "replicas": 2,
                                            "serviceAccount": {"create": False, "name": "events"}},
    "Postgres without the migration job": {**EXISTING, "migration": {"job": False}, "podDisruptionBudget": {"enabled": False},
                                           "topologySpread": {"enabled": False}, "stopDelaySeconds": 0, "gracePeriodSeconds": 120},
    "Postgres with an authority of its own": {
        "database": {"kind": "postgres", "postgres": {"url": f"{URL}?sslmode=verify-full&sslrootcert=/run/authority/ca.crt"}},
        "auth": {"bootstrapKey": KEY},
        "env": [{"name": "WAYPOST_DATABASE__ACQUIRE_TIMEOUT_MS", "value": "20000"}],
        "volumes": [{"name": "authority", "secret": {"secretName": "postgres-authority"}}],
        "volumeMounts": [{"name": "authority", "mountPath": "/run/authority", "readOnly": True}],
    },
    "ingress with TLS": {
        "ingress": {"enabled": True, "className": "nginx", "hosts": ["waypost.example", "*.events.example"],
                    "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt"},
                    "tls": [{"secretName": "waypost-tls", "hosts": ["waypost.example"]}]},
        "service": {"type": "LoadBalancer", "port": 8443, "annotations": {"example/internal": "true"}},
    },
    "ingress for producers alone": {
        "ingress": {"enabled": True, "hosts": ["in.example"], "paths": [{"path": "/v1/events", "pathType": "Exact"},
                                                                        {"path": "/v1/producers", "pathType": "Prefix"}]},
    },
    "another image and names": {
        "image": {"repository": "registry.example:5000/team/waypost", "digest": "sha256:" + "0a" * 32, "pullPolicy": "Always",
                  "pullSecrets": ["registry"]},
        "fullnameOverride": "events", "nameOverride": "router", "podLabels": {"team": "shop"}, "podAnnotations": {"a/b": "c"},
        "env": [{"name": "WAYPOST_LOG__FILTER", "value": "debug"},
                {"name": "RUST_BACKTRACE", "valueFrom": {"configMapKeyRef": {"name": "tuning", "key": "backtrace"}}}],
        "volumes": [{"name": "jwt", "secret": {"secretName": "jwt"}}],
        "volumeMounts": [{"name": "jwt", "mountPath": "/run/jwt", "readOnly": True}],
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}]}}},
    },
    "watched": {"metrics": {"serviceMonitor": {"enabled": True, "authorizationSecret": "scrape"},
                            "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
                            "dashboard": {"enabled": True}}},
}
