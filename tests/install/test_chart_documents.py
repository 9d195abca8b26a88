"""What the chart says about itself is so."""

import json
import re
import subprocess
import sys

import yaml

import chart
from combinations import COMBINATIONS, POSTGRES, PROMETHEUS
from manifests import of_kind, one

README = chart.CHART / "README.md"
INSTALL = chart.ROOT / "docs/install.md"


def test_its_version_is_the_products():
    product = re.search(r'^version = "(.+)"$', (chart.ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    described = yaml.safe_load((chart.CHART / "Chart.yaml").read_text())
    assert described["appVersion"] == product
    for name in ("Dockerfile", "compose.yaml", "compose.postgres.yaml"):
        text = (chart.ROOT / name).read_text()
        assert re.search(rf"VERSION(=|:-){re.escape(product)}\b", text), f"{name} is of another version"


def test_the_table_of_values_is_up_to_date():
    done = subprocess.run([sys.executable, chart.ROOT / "scripts/chart-values.py"], capture_output=True, text=True, check=True)
    assert done.stdout == README.read_text(), "run `make generate`"


def test_the_table_has_every_value():
    def leaves(values, path=""):
        for key, value in values.items():
            if isinstance(value, dict) and value:
                yield from leaves(value, f"{path}{key}.")
            else:
                yield f"{path}{key}"
    table = README.read_text().split("<!-- begin: values -->")[1]
    assert [key for key in leaves(chart.defaults()) if f"| `{key}` |" not in table] == []


def examples():
    found = []
    for document in (README, INSTALL):
        found += re.findall(r"```yaml\n# values\.yaml.*?\n(.*?)```", document.read_text(), re.DOTALL)
    assert found
    return [yaml.safe_load(example) for example in found]


def test_examples_in_documents_can_be_installed():
    for example in examples():
        assert of_kind(chart.render(example), "Deployment", "StatefulSet")


def test_examples_that_are_scraped_let_prometheus_in():
    watched = [chart.render(example) for example in examples()]
    watched = [manifests for manifests in watched if of_kind(manifests, "ServiceMonitor") and of_kind(manifests, "NetworkPolicy")]
    assert watched
    for manifests in watched:
        assert PROMETHEUS in one(manifests, "NetworkPolicy")["spec"]["ingress"][0]["from"]


def test_notes_say_what_to_do_next():
    def notes(values):
        return chart.templates(values)["templates/NOTES.txt"]
    assert 'grep "shown only now"' in notes({}) and "encryption.key is not set" in notes({})
    given = notes({**POSTGRES, "encryption": {"existingSecret": "x"}, "replicas": 2})
    assert "shown only now" not in given and "encryption.key" not in given and "one node" not in given
    assert "Set replicas to 2" in notes(POSTGRES)
    assert "Prometheus must be one of them" in notes(COMBINATIONS["Postgres split, with everything on"])
    assert "Prometheus" not in notes(COMBINATIONS["watched"])
    for values in COMBINATIONS.values():
        assert "{{" not in notes(values) and "map[" not in notes(values)


def test_alert_rules_and_the_dashboard_come_with_the_chart():
    manifests = chart.render(COMBINATIONS["watched"])
    rules = yaml.safe_load((chart.ROOT / "helm/alerts/waypost.rules.yaml").read_text())
    assert one(manifests, "PrometheusRule")["spec"] == {"groups": rules["groups"]}
    dashboard = (chart.ROOT / "helm/grafana/waypost.json").read_text()
    assert json.loads(one(manifests, "ConfigMap", "demo-waypost-dashboard")["data"]["waypost.json"]) == json.loads(dashboard)
