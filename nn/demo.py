"""The tour: train two networks on real handwritten digits, check a gradient, draw a graph, write a report."""

import copy
import time
from pathlib import Path

import autograd_core as ag

from . import functional, plots
from .data import TensorDataset
from .experiment import Settings, load, run
from .module import Module
from .report import write_report

__all__ = ["demo"]


def demo(folder: Path = Path("runs/demo"), *, seed: int = 0, epochs: int | None = None, progress: bool = True) -> int:
    """Run the demonstration, leave ``index.html`` in a folder, and return 0 if the gradient was confirmed.

    `epochs` trains for less than the networks deserve.
    """
    plots.require()
    start = time.perf_counter()
    results = []
    for name, title in (("mlp", "MLP"), ("cnn", "CNN")):
        print(f"\n{title}: training on scikit-learn's handwritten digits, seed {seed}")
        settings = Settings("digits", name, seed=seed, epochs=epochs)
        results.append(run(settings, folder / name, title=title, progress=progress))
        print(results[-1])
        if results[-1].history.interrupted:
            print("Interrupted: there is no report.")
            return 130
    model, test = results[-1].model, load(Settings("digits", "cnn")).test
    report = check_gradient(model, test)
    print(f"\nCNN, gradient of the loss by its parameters: {report}")
    page = write_report(
        folder / "index.html",
        results,
        title="Handwritten digits, learned by reverse-mode differentiation",
        summary=(
            "A multi-layer perceptron and a convolutional network, trained on 1,438 of scikit-learn's 1,797 scans of "
            "8 × 8 pixels and tested once on the other 359. No layer has a backward pass of its own: every gradient "
            "comes from one engine."
        ),
        check=(report.ok, str(report)),
        graph=draw_loss(model, test),
        graph_of="the CNN on 8 images",
    )
    print(f"Report: {page.resolve()}   ({time.perf_counter() - start:.0f} s in all)")
    return 0 if report.ok else 1


def check_gradient(model: Module, data: TensorDataset, samples: int = 24) -> ag.GradientReport:
    """Compare the gradient of the loss on 4 images with central differences, for some numbers of every parameter.

    A copy of the network is checked, in float64 and without dropout. The labels are wrong on purpose: with the right
    ones a trained network's loss is flat, and there would be nothing to compare.
    """
    images, wrong = data.tensors[0][:4], (data.tensors[1].numpy()[:4] + 1) % 10
    twin = copy.deepcopy(model).eval()

    def loss() -> ag.Tensor:
        return functional.cross_entropy(twin(images), wrong)

    return ag.gradcheck(loss, *twin.parameters(), samples=samples, raise_exception=False)


def draw_loss(model: Module, data: TensorDataset) -> ag.Graph:
    """The graph of the loss on 8 images."""
    images, labels = data.tensors[0][:8], data.tensors[1][:8]
    twin = copy.deepcopy(model).eval()
    names = {**dict(twin.named_parameters()), "images": images, "labels": labels}
    return ag.draw(functional.cross_entropy(twin(images), labels), names)
