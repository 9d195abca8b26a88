"""Where there is a real helm, it makes and refuses what our renderer does."""

import shutil
import subprocess

import pytest
import yaml

import chart
from combinations import COMBINATIONS
from conftest import rendered
from test_chart_refusals import REFUSED

pytestmark = pytest.mark.skipif(not shutil.which("helm"), reason="there is no helm on this machine")


def helm(values):
    command = ["helm", "template", chart.RELEASE, chart.CHART, "--namespace", chart.NAMESPACE,
               "--kube-version", chart.KUBERNETES, "--values", "-"]
    return subprocess.run(command, input=yaml.safe_dump(values), capture_output=True, text=True)


def by_name(manifests):
    return {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in manifests}


def test_helm_makes_the_same_manifests_and_refuses_the_same_values():
    assert subprocess.run(["helm", "lint", "--strict", chart.CHART]).returncode == 0
    for name, values in COMBINATIONS.items():
        done = helm(values)
        assert done.returncode == 0, f"{name}: {done.stderr}"
        assert by_name(chart.load(done.stdout)) == by_name(rendered(name)), name
    for name, (values, _) in REFUSED.items():
        assert helm(values).returncode != 0, name
