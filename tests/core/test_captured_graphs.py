"""Random expressions compute the same captured as eagerly: `tests/captured_graphs.py` tries more of them."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from autograd_core.testing.strategies import random_graphs
from tests.captured_graphs import differences

GRAPHS = 100  # in each mode


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "fused"])
def test_a_random_expression_and_its_gradient_are_the_same_when_replayed(exact):
    rng = np.random.default_rng(0)

    @settings(
        max_examples=GRAPHS, database=None, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(random_graphs(max_nodes=10, kinks=True))
    def check(graph):
        assert not list(differences(graph, exact, rng))

    check()
