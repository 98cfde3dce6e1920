"""The experiments of the book: what it calls, the number it prints, and the same with the programs beside this file.

Numbers are per cent of the images, but for costs; of the best epoch where the book says so, as it mostly does.
Source: the text of the book, chapters 1, 3, 5 and 6; its programs; the data behind its figures (fig/*.json).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np

import autograd_core as ag
import nn

from . import mnist_loader, network, network2, network3
from .network3 import ConvPoolLayer, FullyConnectedLayer, SoftmaxLayer


@dataclass(frozen=True)
class Experiment:
    """One row of the table.

    `run(seed, **options)` trains and gives back curves by name, one number an epoch; `number` takes the measured one
    from them. `reduced` are the options of the shorter run that was done where the book's takes hours, `seeds` those it
    was done with.
    """

    command: str
    published: float
    of: str
    run: Callable[..., dict]
    number: Callable[[dict], float]
    reduced: dict = field(default_factory=dict)
    seeds: Sequence[int] = (0, 1, 2)


@cache
def data():
    return mnist_loader.load_data()


@cache
def expanded():
    """The training images, each also moved by a pixel down, up, right and left, and shuffled: 250,000."""
    images, labels = (part.numpy() for part in nn.augment.expand(nn.data.TensorDataset(*data()[0])).tensors)
    by_shift = np.arange(len(images)).reshape(-1, 5).T.ravel()
    order = np.random.default_rng(0).permutation(by_shift)
    return images[order], labels[order]


def darkness(seed):
    """Each test image is taken for the digit whose training images have the nearest mean darkness; nothing is drawn."""
    (images, labels), _, (test_images, test_labels) = data()
    means = np.array([images[labels == digit].sum(axis=1).mean() for digit in range(10)])
    guesses = np.abs(test_images.sum(axis=1)[:, None] - means).argmin(axis=1)
    return {"test": [int((guesses == test_labels).sum())]}


def support_vectors(seed):
    """scikit-learn's SVC as its defaults were in the book's days: C = 1, gamma = 1 / 784."""
    from sklearn.svm import SVC

    (images, labels), _, (test_images, test_labels) = data()
    machine = SVC(gamma=1 / 784, cache_size=2000).fit(images, labels)
    return {"test": [int((machine.predict(test_images) == test_labels).sum())]}


def first_program(seed, sizes, eta, epochs=30):
    training, _, test = data()
    return {"test": network.Network(sizes, rng=seed).SGD(training, epochs, 10, eta, test)}


def second_program(
    seed, sizes, eta, lmbda=0.0, epochs=30, images=50_000, large=False, on="validation", watch="accuracy"
):
    """`watch` is what is measured after each epoch: the accuracy, all four curves, or nothing before the end."""
    training, validation, test = data()
    training = tuple(part[:images] for part in training)
    net = network2.Network(sizes, rng=seed)
    if large:
        net.large_weight_initializer()
    evaluation = {"validation": validation, "test": test}[on]
    cost, right, training_cost, training_right = net.SGD(
        training,
        epochs,
        10,
        eta,
        lmbda,
        evaluation,
        monitor_evaluation_accuracy=watch != "end",
        monitor_evaluation_cost=watch == "all",
        monitor_training_accuracy=watch == "all",
        monitor_training_cost=watch == "all",
    )
    if watch == "end":
        right.append(net.accuracy(evaluation))
    curves = {on: right, f"{on}_cost": cost, "training": training_right, "training_cost": training_cost}
    return {name: curve for name, curve in curves.items() if curve}


def third_program(seed, layers, eta, lmbda=0.0, epochs=60, more=False):
    training, validation, test = data()
    net = network3.Network(layers(), rng=seed)
    right = net.SGD(expanded() if more else training, epochs, 10, eta, validation, test, lmbda)
    predictions = net.predictions(test[0])
    wrong = np.flatnonzero(predictions != test[1])
    return {
        "validation": right[0],
        "test": right[1],
        "wrong": {str(place): int(predictions[place]) for place in wrong},  # what it takes five networks to them for
    }


def peak(part, curves):
    return max(curves[part]) / 100


def last(part, curves):
    return curves[part][-1] / 100


def final_cost(curves):
    return curves["training_cost"][-1]


def at_best_validation(curves):
    """The test accuracy after the epoch that is best on the validation images, the last one of equals."""
    validation = np.asarray(curves["validation"])
    return curves["test"][len(validation) - 1 - int(validation[::-1].argmax())] / 100


def convolutional(hidden=(100,), maps=(20, 40), activation_fn=ag.relu, p_dropout=0.0):
    """Convolutions of 5 x 5, each with pooling by 2 x 2, then fully connected layers and softmax."""
    layers, before, size = [], 1, 28
    for count in maps:
        layers.append(ConvPoolLayer((count, before, 5, 5), (before, size, size), activation_fn=activation_fn))
        before, size = count, (size - 4) // 2
    widths = [before * size**2, *hidden]
    for n_in, n_out in zip(widths, hidden, strict=False):
        layers.append(FullyConnectedLayer(n_in, n_out, activation_fn, p_dropout))
    return [*layers, SoftmaxLayer(widths[-1], 10, p_dropout)]


def shallow():
    return [FullyConnectedLayer(784, 100), SoftmaxLayer(100, 10)]


SIZES = {
    100: 69.09, 200: 76.37, 500: 85.29, 1000: 88.85, 2000: 91.27, 5000: 93.24, 10_000: 94.89, 20_000: 95.85,
    50_000: 95.97,
}  # fmt: skip
SMALL, LARGE = [784, 30, 10], [784, 100, 10]
OF_TEST, OF_VALIDATION = "test, best epoch", "validation, best epoch"
AT_BEST = "test, epoch best on validation"


def _baseline(command, published, run):
    return Experiment(command, published, "test", run, partial(last, "test"), seeds=(0,))


def _first(command, published, seeds=(0, 1, 2), **options):
    run = partial(first_program, **options)
    return Experiment(command, published, OF_TEST, run, partial(peak, "test"), seeds=seeds)


def _second(command, published, of=OF_VALIDATION, number=None, **options):
    number = number or partial(peak, options.get("on", "validation"))
    return Experiment(command, published, of, partial(second_program, **options), number)


def _third(command, published, layers, eta, reduced=None, seeds=(0, 1, 2), **options):
    run = partial(third_program, layers=layers, eta=eta, **options)
    return Experiment(command, published, AT_BEST, run, at_best_validation, reduced or {}, seeds)


EXPERIMENTS = {
    "ch1/darkness": _baseline("average darkness", 22.25, darkness),
    "ch1/svm": _baseline("SVM with scikit-learn's defaults", 94.35, support_vectors),
    "ch1/30": _first("Network([784, 30, 10]).SGD(td, 30, 10, 3.0)", 95.42, sizes=SMALL, eta=3.0),
    "ch1/100": _first("Network([784, 100, 10]).SGD(td, 30, 10, 3.0)", 96.59, range(10), sizes=LARGE, eta=3.0),
    "ch1/slow": _first("Network([784, 100, 10]).SGD(td, 30, 10, 0.001)", 21.42, sizes=LARGE, eta=0.001),
    "ch1/broken": _first("Network([784, 30, 10]).SGD(td, 30, 10, 100.0)", 10.09, sizes=SMALL, eta=100.0),
    "ch3/large_30": _second(
        "[784, 30, 10], large weights, SGD(td, 30, 10, 0.5)", 95.49, OF_TEST,
        sizes=SMALL, eta=0.5, large=True, on="test",
    ),
    "ch3/large_100": _second(
        "[784, 100, 10], large weights, SGD(td, 30, 10, 0.5)", 96.82, OF_TEST,
        sizes=LARGE, eta=0.5, large=True, on="test",
    ),
    "overfitting/none": _second(
        "[784, 30, 10], large weights, SGD(td[:1000], 400, 10, 0.5)", 82.27, OF_TEST,
        sizes=SMALL, eta=0.5, large=True, on="test", images=1000, epochs=400, watch="all",
    ),
    "overfitting/l2": _second(
        "the same, lmbda=0.1", 87.10, OF_TEST,
        sizes=SMALL, eta=0.5, lmbda=0.1, large=True, on="test", images=1000, epochs=400, watch="all",
    ),
    "overfitting/full_none": _second(
        "[784, 30, 10], large weights, SGD(td, 30, 10, 0.5)", 95.33, "test, last epoch", partial(last, "test"),
        sizes=SMALL, eta=0.5, large=True, on="test", watch="all",
    ),
    "overfitting/full_l2": _second(
        "the same, lmbda=5.0", 96.49, OF_TEST,
        sizes=SMALL, eta=0.5, lmbda=5.0, large=True, on="test", watch="all",
    ),
    "ch3/100_l2": _second(
        "[784, 100, 10], SGD(td, 30, 10, 0.5, lmbda=5.0)", 97.92, sizes=LARGE, eta=0.5, lmbda=5.0
    ),
    "ch3/100_long": _second(
        "[784, 100, 10], SGD(td, 60, 10, 0.1, lmbda=5.0)", 98.04, sizes=LARGE, eta=0.1, lmbda=5.0, epochs=60
    ),
    "ch3/hunt": _second(
        "[784, 30, 10], SGD(td, 30, 10, 10.0, lmbda=1000.0)", 10.30, sizes=SMALL, eta=10.0, lmbda=1000.0, epochs=6
    ),
    **{
        f"weight_initialization/{kind}": _second(
            f"[784, 30, 10], {kind} weights, SGD(td, 30, 10, 0.1, lmbda=5.0)", published, "validation, last epoch",
            partial(last, "validation"), sizes=SMALL, eta=0.1, lmbda=5.0, large=kind == "large",
        )
        for kind, published in (("large", 96.37), ("default", 96.50))
    },
    **{
        f"multiple_eta/{eta}": _second(
            f"[784, 30, 10], SGD(td, 30, 10, {eta}, lmbda=5.0)", published, "training cost, last epoch", final_cost,
            sizes=SMALL, eta=eta, lmbda=5.0, watch="all",
        )
        for eta, published in ((0.025, 0.339), (0.25, 0.339))
    },
    "multiple_eta/2.5": _second(
        "[784, 30, 10], SGD(td, 30, 10, 2.5, lmbda=5.0)", 0.72, "training cost, best epoch",
        lambda curves: min(curves["training_cost"]), sizes=SMALL, eta=2.5, lmbda=5.0, watch="all",
    ),
    **{
        f"more_data/{size}": _second(
            f"[784, 30, 10], large weights, SGD(td[:{size}], {1_500_000 // size}, 10, 0.5, lmbda={size / 10_000:g})",
            published, "validation, last epoch", partial(last, "validation"), sizes=SMALL, eta=0.5, images=size,
            lmbda=size / 10_000, epochs=1_500_000 // size, large=True, watch="end",
        )
        for size, published in SIZES.items()
    },
    **{
        f"depth/{depth}": _second(
            f"[784, {'30, ' * depth}10], SGD(td, 30, 10, 0.1, lmbda=5.0)", published,
            sizes=[784, *[30] * depth, 10], eta=0.1, lmbda=5.0,
        )
        for depth, published in enumerate((96.48, 96.90, 96.57, 96.53), start=1)
    },
    "ch6/shallow": _third("FullyConnected(784, 100), 60 epochs, eta 0.1", 97.80, shallow, 0.1),
    "ch6/conv": _third(
        "ConvPool(20 @ 5x5), FullyConnected(2880, 100), eta 0.1", 98.78,
        partial(convolutional, maps=(20,), activation_fn=ag.sigmoid), 0.1,
    ),
    "ch6/conv2": _third(
        "ConvPool(20), ConvPool(40), FullyConnected(640, 100), eta 0.1", 99.06,
        partial(convolutional, activation_fn=ag.sigmoid), 0.1,
    ),
    "ch6/conv2_relu": _third("the same, ReLU, eta 0.03, lmbda 0.1", 99.23, convolutional, 0.03, lmbda=0.1),
    **{
        f"ch6/expanded_{'_'.join(map(str, hidden))}": _third(
            f"the same, 250,000 images, {' and '.join(f'{n} units' for n in hidden)}", published,
            partial(convolutional, hidden=hidden), 0.03, lmbda=0.1, more=True, reduced={"epochs": 2},
        )
        for hidden, published in (
            ((100,), 99.37), ((300,), 99.46), ((1000,), 99.43),
            ((100, 100), 99.43), ((300, 300), 99.48), ((1000, 1000), 99.47),
        )
    },
    "ch6/dropout": _third(
        "the same, 1000 and 1000 units, dropout 0.5, 40 epochs, no lmbda", 99.60,
        partial(convolutional, hidden=(1000, 1000), p_dropout=0.5), 0.03, epochs=40, more=True, reduced={"epochs": 1},
        seeds=range(5),
    ),
}  # fmt: skip
