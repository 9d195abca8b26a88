"""Whatever values it is given, the chart's manifests are valid and hang together."""

import json
from pathlib import PurePosixPath
from urllib.parse import parse_qs, urlsplit

import kubernetes_validate
import pytest

import chart
import settings
from combinations import COMBINATIONS
from conftest import rendered
from manifests import WORKLOADS, environment, hooks, names, nodes, of_kind, one, pods, selects

# Kinds of the Prometheus operator, which Kubernetes' own schemas don't know.
FOREIGN = ("ServiceMonitor", "PrometheusRule")
# The oldest version the chart is for, one between, and the newest that there are schemas of.
VERSIONS = ("1.27.0", "1.31.0", "1.37.0")


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_are_valid_to_the_letter(combination, version):
    for manifest in chart.render(COMBINATIONS[combination], kubernetes=version):
        if manifest["kind"] not in FOREIGN:
            kubernetes_validate.validate(manifest, version, strict=True)


def test_numbers_come_out_alike_however_helm_reads_them(combination):
    assert chart.render(COMBINATIONS[combination], numbers="number") == rendered(combination)


def test_no_two_objects_have_one_name(manifests):
    found = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests]
    assert len(found) == len(set(found))
    assert all(len(name) <= 63 for _, name in found)


def test_everything_is_labelled_as_the_releases_own(manifests):
    for manifest in manifests:
        labels = manifest["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == chart.RELEASE
        assert manifest["metadata"].get("namespace") in (None, chart.NAMESPACE)


def test_workloads_select_their_own_pods_and_no_others(manifests):
    for workload in of_kind(manifests, *WORKLOADS):
        wanted = workload["spec"]["selector"]["matchLabels"]
        chosen = [where for where, labels, _ in pods(manifests) if selects(wanted, labels)]
        assert chosen == [f"{workload['kind']} {workload['metadata']['name']}"]


def test_services_lead_to_a_port_that_one_kind_of_node_opens(manifests):
    for service in of_kind(manifests, "Service"):
        chosen = [spec for _, labels, spec in pods(manifests) if selects(service["spec"]["selector"], labels)]
        assert len(chosen) == 1
        opened = {port["name"] for port in chosen[0]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= opened
    assert chart.RELEASE + "-waypost" in names(manifests, "Service") or "events" in names(manifests, "Service")


def test_callers_reach_nodes_that_serve_the_api(manifests):
    backends = {path["backend"]["service"]["name"] for ingress in of_kind(manifests, "Ingress")
                for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]}
    asked = {pod[2]["containers"][0]["args"][-1] for pod in pods(manifests) if pod[0].startswith("Pod ")}
    assert len(asked) == 1
    for service in of_kind(manifests, "Service"):
        name, port = service["metadata"]["name"], service["spec"]["ports"][0]["port"]
        if name in backends or asked == {f"http://{name}:{port}"}:
            roles = [environment(spec)["WAYPOST_ROLE"] for _, labels, spec in nodes(manifests)
                     if selects(service["spec"]["selector"], labels)]
            assert roles in (["all"], ["api"])
    assert backends <= names(manifests, "Service")
    assert any(f"http://{name}:" in next(iter(asked)) for name in names(manifests, "Service"))


def routes(path, asked):
    """Whether a path of an Ingress covers what is asked for, as Kubernetes has it: a prefix ends at a slash."""
    if path["pathType"] == "Exact":
        return path["path"] == asked
    return asked == path["path"] or asked.startswith(path["path"].rstrip("/") + "/")


def test_the_ingress_routes_all_that_there_is_but_metrics():
    rules = one(rendered("ingress with TLS"), "Ingress")["spec"]["rules"]
    described = json.loads((chart.ROOT / "openapi/openapi.json").read_text())["paths"].keys()
    pages = {f"/{file.name}" for file in (chart.ROOT / "web/public").glob("[!.]*")}
    wanted = {*described, *pages, "/", "/assets/index.js", "/openapi.json", "/docs", "/docs/swagger-ui.css"} - {"/metrics"}
    assert len(rules) == 2 and len(wanted) > 20
    for paths in (rule["http"]["paths"] for rule in rules):
        assert {asked for asked in wanted if not any(routes(path, asked) for path in paths)} == set()
        assert not any(routes(path, "/metrics") for path in paths)
        # ingress-nginx 1.12.0 to 1.13.1 takes no dot in the two other types (its pull request 13798).
        assert all(path["pathType"] == "ImplementationSpecific" for path in paths if "." in path["path"])


def test_probes_ask_the_health_endpoints_on_an_open_port(manifests):
    paths = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    for where, _, spec in nodes(manifests):
        container = spec["containers"][0]
        for probe, path in paths.items():
            request = container[probe]["httpGet"]
            assert request["path"] == path, where
            assert request["port"] in {port["name"] for port in container["ports"]}, where
        port = environment(spec)["WAYPOST_SERVER__LISTEN"].rsplit(":", 1)[1]
        assert [int(port)] == [held["containerPort"] for held in container["ports"]]


def test_secrets_and_settings_that_pods_read_are_there_or_were_before(manifests, combination):
    said = json.dumps(COMBINATIONS[combination])
    for where, _, spec in pods(manifests):
        for volume in spec.get("volumes", []):
            sources = [volume, *volume.get("projected", {}).get("sources", [])]
            for source in (found["secret"] for found in sources if "secret" in found):
                name = source.get("name") or source["secretName"]
                made = [secret for secret in of_kind(manifests, "Secret") if secret["metadata"]["name"] == name]
                if made:
                    assert {item["key"] for item in source["items"]} <= made[0]["stringData"].keys(), where
                else:
                    assert f'"{name}"' in said, f"{where} reads a secret that nobody makes: {name}"
            if "configMap" in volume:
                assert volume["configMap"]["name"] in names(manifests, "ConfigMap"), where


def test_settings_are_settings_that_waypost_knows(manifests):
    for where, _, spec in pods(manifests):
        variables = {variable["name"] for variable in spec["containers"][0].get("env", [])}
        assert not settings.unknown(variables), where


def test_files_that_settings_name_are_mounted(manifests):
    for where, _, spec in pods(manifests):
        container = spec["containers"][0]
        mounts = {mount["name"]: mount["mountPath"] for mount in container.get("volumeMounts", [])}
        claimed = {"data"} if where.startswith("StatefulSet") else set()
        assert mounts.keys() <= {volume["name"] for volume in spec.get("volumes", [])} | claimed, where
        files = {f"{mounts[volume['name']]}/{item['path']}" for volume in spec.get("volumes", []) if "projected" in volume
                 for source in volume["projected"]["sources"] for item in source["secret"]["items"]}
        named = {variable["value"] for variable in container.get("env", []) if variable["name"].endswith("_FILE")}
        assert named == files, where


def test_no_secret_stands_in_the_open(manifests):
    for manifest in of_kind(manifests, *WORKLOADS, "Job", "Pod", "ConfigMap"):
        text = json.dumps(manifest)
        assert "postgres://" not in text and "wp_" not in text


def test_what_a_hook_needs_is_there_before_the_release(manifests):
    for job in of_kind(manifests, "Job"):
        assert set(hooks(job)) == {"pre-install", "pre-upgrade"}
        for volume in job["spec"]["template"]["spec"]["volumes"]:
            for source in volume.get("projected", {}).get("sources", []):
                for secret in of_kind(manifests, "Secret"):
                    if secret["metadata"]["name"] == source["secret"]["name"]:
                        annotations = [held["metadata"]["annotations"]["helm.sh/hook-weight"] for held in (secret, job)]
                        assert hooks(secret) == hooks(job) and int(annotations[0]) < int(annotations[1])
        assert "serviceAccountName" not in job["spec"]["template"]["spec"]


def test_the_migration_reaches_the_database_as_nodes_do():
    values = COMBINATIONS["Postgres with an authority of its own"]
    manifests = rendered("Postgres with an authority of its own")
    named = parse_qs(urlsplit(values["database"]["postgres"]["url"]).query)["sslrootcert"][0]
    for where, _, spec in [pod for pod in pods(manifests) if not pod[0].startswith("Pod ")]:
        container = spec["containers"][0]
        folders = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
        volume = folders.get(str(PurePosixPath(named).parent))
        assert volume in {held["name"] for held in spec["volumes"]}, f"{where} has no {named}"
        assert all(held in container["env"] for held in values["env"]), where
        assert all(held in spec["volumes"] for held in values["volumes"]), where


def test_prometheus_scrapes_every_node_and_nothing_else(manifests):
    for monitor in of_kind(manifests, "ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"]
        scraped = [service for service in of_kind(manifests, "Service") if selects(wanted, service["metadata"]["labels"])]
        assert len(scraped) == len(nodes(manifests))
        ports = {port["name"] for service in scraped for port in service["spec"]["ports"]}
        assert [(endpoint["port"], endpoint["path"]) for endpoint in monitor["spec"]["endpoints"]] == [("http", "/metrics")]
        assert ports == {"http"}
        # What alert rules and the dashboard look for: one job for all nodes of a database, with "waypost" in it.
        jobs = [rule for rule in monitor["spec"]["endpoints"][0]["relabelings"] if rule["targetLabel"] == "job"]
        assert [rule["replacement"] for rule in jobs] == [f"waypost/{chart.NAMESPACE}/{chart.RELEASE}"]
