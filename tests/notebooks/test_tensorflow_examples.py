"""The scripts of TensorFlow-Examples: each trains, draws its images as TensorFlow does, and has the results it says."""

import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from nielsen.mnist_loader import load_thousand
from tensorflow_examples.__main__ import RESULTS
from tensorflow_examples.scripts import SCRIPTS, buffered, epochs, predictions, softmax_twice, summed, train

import nn

each_script = pytest.mark.parametrize("name", SCRIPTS)


@each_script
def test_a_script_trains(name):
    (images, labels), (test_images, _) = load_thousand()
    script = replace(SCRIPTS[name], steps=3, held_back=0)
    network, loss = train(script, images, labels, seed=0)
    assert np.isfinite(loss)
    assert predictions(network, test_images[:20]).shape == (20,)
    again, same = train(script, images, labels, seed=0)
    assert same == loss
    assert all(np.array_equal(p.data, q.data) for p, q in zip(network.parameters(), again.parameters(), strict=True))


@each_script
def test_the_results_of_a_script_are_of_what_it_says(name):
    script, row = SCRIPTS[name], json.loads(RESULTS.read_text())["scripts"][name]
    assert [run["seed"] for run in row["runs"]] == list(range(script.seeds))
    for key in ("about", "source", "published", "tested", "steps", "batch"):
        assert row[key] == getattr(script, key)


def test_an_epoch_has_each_image_once():
    drawn = list(islice(epochs(7, np.random.default_rng(0)), 21))
    assert [sorted(drawn[k : k + 7]) for k in (0, 7, 14)] == [list(range(7))] * 3
    assert drawn[:7] != drawn[7:14]


def test_a_buffer_lets_no_image_come_earlier_than_its_size_allows():
    drawn = list(islice(buffered(1000, np.random.default_rng(0), size=50), 900))
    assert len(set(drawn)) == 900  # each once, as long as the images do not begin again
    assert all(image < k + 50 for k, image in enumerate(drawn))
    assert drawn != sorted(drawn)


def test_the_losses_of_the_second_version():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(6, 10)), np.arange(6)
    by_sample = -np.log(np.exp(logits)[np.arange(6), labels] / np.exp(logits).sum(axis=1))
    assert summed(logits, labels).item() == pytest.approx(by_sample.sum(), rel=1e-12)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    twice = nn.functional.cross_entropy(probabilities, labels)
    assert softmax_twice(logits, labels).item() == pytest.approx(twice.item(), rel=1e-12)
