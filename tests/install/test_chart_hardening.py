"""Whatever values it is given, pods run with as little as they need, and stop and move as they should."""

import pytest

import chart
from combinations import COMBINATIONS, POSTGRES
from manifests import WORKLOADS, environment, names, nodes, of_kind, one, pods, role_of, selects

# The user of the image; tests/install/test_image.py holds the Dockerfile to it.
USER = 65532


def test_every_pod_runs_with_as_little_as_it_needs(manifests):
    for where, _, spec in pods(manifests):
        security = spec["securityContext"]
        assert security["runAsNonRoot"] and security["runAsUser"] == security["fsGroup"] == USER, where
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, where
        assert spec["automountServiceAccountToken"] is False, where
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), where
        for container in spec["containers"]:
            confined = container["securityContext"]
            assert confined["readOnlyRootFilesystem"] is True and confined["allowPrivilegeEscalation"] is False, where
            assert confined["capabilities"] == {"drop": ["ALL"]} and "privileged" not in confined, where


def test_no_pod_gets_service_links(manifests):
    # Kubernetes would say WAYPOST_PORT=tcp://… for a service named waypost, and Waypost stops at a setting it does not know.
    assert all(spec["enableServiceLinks"] is False for _, _, spec in pods(manifests))


def test_every_container_is_bounded_and_names_its_version(manifests):
    for where, _, spec in pods(manifests):
        for container in spec["containers"]:
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), where
            assert "memory" in container["resources"]["limits"], where
            tag = container["image"].rsplit("/", 1)[-1]
            assert ("@sha256:" in tag or ":" in tag) and not tag.endswith(":latest"), where


def test_only_folders_meant_for_it_can_be_written(manifests):
    for where, _, spec in pods(manifests):
        writable = {mount["mountPath"] for mount in spec["containers"][0].get("volumeMounts", []) if not mount.get("readOnly")}
        assert writable <= {"/data"}, where


def test_kubernetes_waits_longer_than_a_node_needs_to_stop(manifests):
    for where, _, spec in nodes(manifests):
        pause = spec["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        grace = int(environment(spec)["WAYPOST_SERVER__GRACE_PERIOD_MS"]) / 1000
        assert spec["terminationGracePeriodSeconds"] >= pause + grace + 10, where


def test_every_workload_has_its_disruption_budget(manifests, combination):
    wanted = COMBINATIONS[combination].get("podDisruptionBudget", {}).get("enabled", True)
    budgets = [budget["spec"]["selector"]["matchLabels"] for budget in of_kind(manifests, "PodDisruptionBudget")]
    for where, labels, _ in nodes(manifests):
        assert sum(selects(budget, labels) for budget in budgets) == int(wanted), where


def test_nodes_are_spread_among_their_own_kind(manifests):
    for where, labels, spec in nodes(manifests):
        for constraint in spec.get("topologySpreadConstraints", []):
            assert selects(constraint["labelSelector"]["matchLabels"], labels), where
            assert "app.kubernetes.io/component" in constraint["labelSelector"]["matchLabels"]


def test_an_autoscaled_workload_leaves_its_size_to_the_autoscaler(manifests):
    scaled = {scaler["spec"]["scaleTargetRef"]["name"] for scaler in of_kind(manifests, "HorizontalPodAutoscaler")}
    assert scaled <= names(manifests, "Deployment")
    for workload in of_kind(manifests, *WORKLOADS):
        assert ("replicas" in workload["spec"]) != (workload["metadata"]["name"] in scaled)


def test_one_sqlite_file_has_one_node(manifests):
    for workload in of_kind(manifests, *WORKLOADS):
        shares = environment(workload["spec"]["template"]["spec"]).get("WAYPOST_DATABASE__URL") is None
        if not shares:
            assert workload["kind"] == "StatefulSet" and workload["spec"]["replicas"] == 1
            assert workload["spec"]["serviceName"] in names(manifests, "Service")


@pytest.mark.parametrize("job", [True, False])
def test_the_schema_is_made_by_the_job_or_by_the_nodes(job):
    manifests = chart.render({**POSTGRES, "migration": {"job": job}})
    assert len(of_kind(manifests, "Job")) == int(job)
    assert {environment(spec)["WAYPOST_DATABASE__MIGRATE"] for _, _, spec in nodes(manifests)} == {str(not job).lower()}


def test_roles_differ_in_what_was_said_and_in_nothing_else():
    manifests = chart.render({**POSTGRES, "mode": "split", "replicas": 2, "dispatcher": {"replicas": 5}})
    workloads = {role_of(workload): workload for workload in of_kind(manifests, "Deployment")}
    assert {role: workload["spec"]["replicas"] for role, workload in workloads.items()} == {"api": 2, "dispatcher": 5}
    assert workloads["api"]["spec"]["template"]["spec"]["containers"][0]["resources"] \
        == workloads["dispatcher"]["spec"]["template"]["spec"]["containers"][0]["resources"]


def test_a_changed_secret_or_setting_replaces_nodes():
    def annotations(values):
        return one(chart.render(values), "StatefulSet")["spec"]["template"]["metadata"]["annotations"]
    plain = annotations({})
    assert annotations({"config": "dev = false"}) != plain
    assert annotations({"auth": {"bootstrapKey": "wp_another_key_of_enough_length"}}) != plain
    assert annotations({"service": {"port": 81}}) == plain


def test_older_clusters_get_no_field_they_do_not_know():
    for version, known in (("1.29.4", False), ("1.30.0", True), ("1.31.2-gke.100", True)):
        spec = one(chart.render({}, kubernetes=version), "StatefulSet")["spec"]["template"]["spec"]
        assert ("lifecycle" in spec["containers"][0]) == known, version


def test_the_network_policy_covers_every_pod_and_lets_out_what_was_said():
    manifests = chart.render({**POSTGRES, "networkPolicy": {"enabled": True, "sinks": {"cidrs": ["0.0.0.0/0", "10.9.0.0/16"]}}})
    policy = one(manifests, "NetworkPolicy")["spec"]
    assert all(selects(policy["podSelector"]["matchLabels"], labels) for _, labels, _ in pods(manifests))
    blocks = [peer["ipBlock"] for rule in policy["egress"] for peer in rule.get("to", []) if "ipBlock" in peer]
    assert [block["cidr"] for block in blocks] == ["0.0.0.0/0", "10.9.0.0/16"]
    assert "169.254.0.0/16" in blocks[0]["except"] and not any(":" in cidr for cidr in blocks[0]["except"])
    assert "except" not in blocks[1]
    assert 5432 in [port["port"] for rule in policy["egress"] for port in rule.get("ports", [])]
