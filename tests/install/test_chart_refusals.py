"""Bad values are refused before anything is made, with a reason that names the value."""

import pytest

import chart
from combinations import EXISTING, KEY, POSTGRES, URL

SPLIT = {**POSTGRES, "mode": "split"}

# Values, and words of the reason.
REFUSED = {
    "an unknown value": ({"replica": 2}, ["'replica' was unexpected"]),
    "an unknown value further in": ({"image": {"name": "x"}}, ["image", "'name' was unexpected"]),
    "a mode that is none": ({"mode": "both"}, ["mode", "['all', 'split']"]),
    "a database that is none": ({"database": {"kind": "mysql"}}, ["database.kind", "['sqlite', 'postgres']"]),
    "no replica at all": ({"replicas": 0}, ["replicas", "minimum of 1"]),
    "replicas as text": ({"replicas": "2"}, ["replicas", "not of type 'integer'"]),
    "the tag latest": ({"image": {"tag": "latest"}}, ["image.tag"]),
    "a tag with a space": ({"image": {"tag": "1 0"}}, ["image.tag"]),
    "a digest that is none": ({"image": {"digest": "sha256:12"}}, ["image.digest"]),
    "no image": ({"image": {"repository": ""}}, ["image.repository"]),
    "a URL of another database": ({"database": {"kind": "postgres", "postgres": {"url": "mysql://x/y"}}}, ["database.postgres.url"]),
    "a size that is none": ({"database": {"sqlite": {"size": "ten gigs"}}}, ["database.sqlite.size"]),
    "a bootstrap key that is too short": ({"auth": {"bootstrapKey": "wp_short"}}, ["auth.bootstrapKey"]),
    "an encryption key of another length": ({"encryption": {"key": "c2hvcnQ="}}, ["encryption.key"]),
    "a secret's name that is none": ({"auth": {"existingSecret": "My Secret"}}, ["auth.existingSecret"]),
    "a port beyond the last": ({"service": {"port": 70000}}, ["service.port", "maximum of 65535"]),
    "a kind of service that is none": ({"service": {"type": "Public"}}, ["service.type"]),
    "a host with a path": ({"ingress": {"hosts": ["a.example/x"]}}, ["ingress.hosts.0"]),
    "a path that is none": ({"ingress": {"paths": [{"path": "v1", "pathType": "Prefix"}]}}, ["ingress.paths.0.path"]),
    "an ingress without a path": ({"ingress": {"paths": []}}, ["ingress.paths"]),
    "a network that is none": ({"networkPolicy": {"sinks": {"cidrs": ["10.0.0.0"]}}}, ["networkPolicy.sinks.cidrs.0"]),
    "no time to stop": ({"gracePeriodSeconds": 0}, ["gracePeriodSeconds", "minimum of 1"]),
    "a budget of nothing": ({"podDisruptionBudget": {"maxUnavailable": 0}}, ["podDisruptionBudget.maxUnavailable"]),
    "an interval without a unit": ({"metrics": {"serviceMonitor": {"interval": "30"}}}, ["metrics.serviceMonitor.interval"]),
    "a section taken away": ({"database": None}, ["'database' is a required property"]),
    "a difference that is none": ({**SPLIT, "api": {"mode": "x"}}, ["api", "'mode' was unexpected"]),
    "several nodes on SQLite": ({"replicas": 2}, ["replicas: one SQLite file serves one node", "database.kind to postgres"]),
    "roles on SQLite": ({"mode": "split"}, ["mode: split needs a database that several nodes share"]),
    "an autoscaler on SQLite": ({"autoscaling": {"enabled": True}}, ["autoscaling.enabled: one SQLite file serves one node"]),
    "Postgres without a URL": ({**POSTGRES, "database": {"kind": "postgres"}}, ["database.postgres: name the database in url"]),
    "Postgres without a first key": ({**POSTGRES, "auth": {}}, ["auth: on Postgres", "set bootstrapKey or existingSecret"]),
    "a URL given twice": ({**EXISTING, "database": {"kind": "postgres", "postgres": {"url": URL, "existingSecret": "db"}}},
                          ["database.postgres: url and existingSecret are both set"]),
    "a key given twice": ({"auth": {"bootstrapKey": KEY, "existingSecret": "x"}}, ["auth: bootstrapKey and existingSecret are both"]),
    "an encryption key given twice": ({"encryption": {"key": "A" * 43 + "=", "existingSecret": "x"}}, ["encryption: key and existing"]),
    "differences of roles that are not there": ({**POSTGRES, "api": {"replicas": 2}}, ["mode is all; set mode to split"]),
    "more at least than at most": ({**SPLIT, "dispatcher": {"autoscaling": {"enabled": True, "minReplicas": 9, "maxReplicas": 3}}},
                                   ["autoscaling of dispatcher: minReplicas is above maxReplicas"]),
    "an ingress to nowhere": ({"ingress": {"enabled": True}}, ["ingress.hosts: name at least one host"]),
    "a variable of the chart's own": ({"env": [{"name": "WAYPOST_SERVER__LISTEN", "value": "x"}]},
                                      ["env: this chart sets WAYPOST_SERVER__LISTEN itself"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_its_reason(name):
    values, words = REFUSED[name]
    with pytest.raises(chart.Refused) as refusal:
        chart.render(values)
    for word in words:
        assert word in str(refusal.value)


def test_the_defaults_keep_to_the_schema():
    chart.check_schema(chart.defaults())


def test_every_value_has_its_place_in_the_schema():
    def places(values, schema, path=""):
        for key, value in values.items():
            described = schema.get("properties", {})
            assert key in described, f"{path}{key} is not in values.schema.json"
            if isinstance(value, dict) and "properties" in described[key]:
                yield from places(value, described[key], f"{path}{key}.")
            yield f"{path}{key}"
    import json
    schema = json.loads((chart.CHART / "values.schema.json").read_text())
    assert len(list(places(chart.defaults(), schema))) > 50
