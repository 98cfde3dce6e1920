"""The tour: train two networks on real handwritten digits, look into them, check a gradient, write a report."""

import copy
import time
from pathlib import Path
from typing import Any

import autograd_core as ag

from . import functional, moons, optim, plots
from .data import TensorDataset
from .experiment import Settings, load, run
from .module import Module
from .report import Section, engine, write_report

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
    print("\nTwo moons: a boundary is learned, gradients vanish, units die")
    seen = moons.experiments(seed)
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
        more=[
            engine.learning_in_the_plane(seen),
            engine.what_goes_wrong(seen),
            graph_section(model, test, folder),
            profile_section(model, test),
        ],
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


def graph_section(model: Module, data: TensorDataset, folder: Path) -> Section:
    """The graph of the loss on 8 images after one sweep; one to play with goes to ``graph.html`` in the folder."""
    folded, unfolded, page = graphs_of_loss(copy.deepcopy(model).eval(), data.tensors[0][:8], data.tensors[1][:8])
    page.save(folder / "graph.html")
    return engine.computation_graph(folded, unfolded, "the CNN on 8 images", "graph.html")


def graphs_of_loss(network: Module, images: ag.Tensor, labels: ag.Tensor) -> tuple[Any, Any, ag.Graph]:
    """The graph of a loss, which takes its names from the variables here: folded and not, by theme, and for a page."""
    with ag.watch():
        scores = network(images)
        loss = functional.cross_entropy(scores, labels)
    loss.backward()
    folded, unfolded = {}, {}
    for theme in ("light", "dark"):  # no comprehension, which has variables of its own
        folded[theme] = ag.draw(loss, depth=0, direction="LR", theme=theme)
        unfolded[theme] = ag.draw(loss, depth=1, theme=theme)
    return folded, unfolded, ag.draw(loss, saved=True, rules="words", title="The loss of the CNN on 8 digits")


def profile_section(model: Module, data: TensorDataset) -> Section:
    """Where time and memory go in training steps on 32 images."""
    images, labels = data.tensors[0][:32], data.tensors[1][:32]
    twin = copy.deepcopy(model).train()
    optimizer = optim.Adam(twin.parameters())

    def step() -> None:
        optimizer.zero_grad()
        functional.cross_entropy(twin(images), labels).backward()
        optimizer.step()

    for _ in range(3):  # the first ones pay for what the others find
        step()
    with ag.profile() as profile:
        step()
    return engine.profile(profile, "the CNN on 32 images, with Adam")
