"""The chart, rendered as helm would: values laid over the defaults, held against the schema, templates executed.

jsonschema and the program in render/ do what helm does; where there is a real helm, test_helm.py compares the two.
"""

import json
import os
import subprocess
from pathlib import Path

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/waypost"
RELEASE = "demo"
NAMESPACE = "apps"
KUBERNETES = "1.31.0"


class Refused(Exception):
    """What helm would print instead of manifests."""


class OnceLoader(yaml.SafeLoader):
    """YAML as the cluster reads it: a key that stands twice is an error."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"keys that stand twice: {twice}", node.start_mark)
        return super().construct_mapping(node, deep)


def load(text):
    """The documents of a manifest, without empty ones."""
    return [document for document in yaml.load_all(text, OnceLoader) if document]


def defaults():
    return yaml.safe_load((CHART / "values.yaml").read_text())


def laid_over(under, over):
    """Helm's rule: maps are merged, everything else is replaced, null removes."""
    result = dict(under)
    for key, value in over.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = laid_over(result[key], value)
        else:
            result[key] = value
    return result


def check_schema(values):
    schema = json.loads((CHART / "values.schema.json").read_text())
    faults = sorted(jsonschema.Draft7Validator(schema).iter_errors(values), key=lambda fault: list(map(str, fault.path)))
    if faults:
        raise Refused("\n".join(f"{'.'.join(map(str, fault.path))}: {fault.message}" for fault in faults))


def templates(values, kubernetes=KUBERNETES, numbers="float"):
    """Each template's path with its text."""
    final = laid_over(defaults(), values)
    check_schema(final)
    release = {"Name": RELEASE, "Namespace": NAMESPACE, "Service": "Helm", "IsInstall": True, "IsUpgrade": False, "Revision": 1}
    request = {"values": final, "release": release, "kube_version": f"v{kubernetes}", "numbers": numbers}
    done = subprocess.run([os.environ["WAYPOST_RENDER"], CHART], input=json.dumps(request), capture_output=True, text=True)
    if done.returncode:
        raise Refused(done.stderr)
    return json.loads(done.stdout)


def render(values, kubernetes=KUBERNETES, numbers="float"):
    """The manifests, as parsed documents."""
    rendered = templates(values, kubernetes, numbers)
    return [document for path, text in sorted(rendered.items()) if path.endswith(".yaml") for document in load(text)]
