"""What the tests share: the chart rendered once for each combination of values."""

import functools

import pytest

import chart
from combinations import COMBINATIONS


@functools.cache
def rendered(name):
    return chart.render(COMBINATIONS[name])


@pytest.fixture(params=COMBINATIONS, ids=str)
def combination(request):
    """A combination's name; the test runs once for each."""
    return request.param


@pytest.fixture
def manifests(combination):
    return rendered(combination)
