"""What the tests share: the chart rendered once for each combination of values."""

import functools

import pytest

import chart
from combinations import COMBINATIONS


@functools.cache
def rendered(name):
    return chart.render(COMBINATIONS[name])


def is_possible(name):
    """Alert rules and the dashboard are links to helm/alerts and helm/grafana."""
    wants_rules = COMBINATIONS[name].get("metrics", {}).get("prometheusRule", {}).get("enabled")
    return not wants_rules or (chart.CHART / "files/waypost.rules.yaml").exists()


@pytest.fixture(params=filter(is_possible, COMBINATIONS), ids=str)
def combination(request):
    """A combination's name; the test runs once for each."""
    return request.param


@pytest.fixture
def manifests(combination):
    return rendered(combination)
