"""The confusion matrix, and the plane with its decision boundary: read back and compared with what they show."""

import numpy as np
import pytest

import autograd_core as ag
from nn import MLP, Dropout, Linear, ReLU, Sequential, Sigmoid, Tanh, plots

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed (extra: demo)")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")
to_rgba = pytest.importorskip("matplotlib.colors").to_rgba

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 4, 300)
PREDICTIONS = np.where(RNG.random(300) < 0.7, LABELS, RNG.integers(0, 4, 300))
X = RNG.standard_normal((60, 2)).astype(np.float32)


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


def cells(ax):
    return {(round(t.get_position()[1]), round(t.get_position()[0])): t for t in ax.texts}


# --- the confusion matrix ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
def test_the_cells_are_those_of_scikit_learn(normalize):
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed (extra: demo)")
    theirs = metrics.confusion_matrix(LABELS, PREDICTIONS, normalize=normalize)
    ax = plots.confusion_matrix((LABELS, PREDICTIONS), normalize=normalize)
    for place, text in cells(ax).items():
        value = theirs[place]
        assert text.get_text() == (f"{value}" if normalize is None else f"{100 * value:.0f}")
    counts = metrics.confusion_matrix(LABELS, PREDICTIONS)
    assert set(cells(ax)) == {tuple(place) for place in np.argwhere(counts > 0).tolist()}
    right, wrong = ax.images
    assert np.allclose(right.get_array().compressed(), np.diag(counts) / counts.sum(axis=1), rtol=1e-12)
    off = ~np.eye(4, dtype=bool) & (counts > 0)
    assert np.allclose(wrong.get_array().compressed(), theirs[off], rtol=1e-12)


def test_what_is_on_the_diagonal_is_told_from_mistakes_by_more_than_colour():
    for (i, j), text in cells(plots.confusion_matrix((LABELS, PREDICTIONS))).items():
        assert text.get_weight() == ("normal" if i == j else "bold")


def luminance(color):
    """Relative luminance of sRGB; W3C, Web Content Accessibility Guidelines 2.1."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark", "print", None, "dark_background"])
def test_counts_can_be_read_on_every_colour_of_a_cell(theme):
    """4.5 is the least contrast that the guidelines (level AA) ask for."""
    matrix = np.arange(36).reshape(6, 6)
    known = pyplot.style.context(theme or "default") if theme in (None, "dark_background") else plots.style(theme)
    with known:
        ax = plots.confusion_matrix(matrix)
        paper = np.array(to_rgba(ax.get_facecolor()))
    for (i, j), text in cells(ax).items():
        image = ax.images[0 if i == j else 1]
        *color, alpha = image.to_rgba(image.get_array())[i, j]
        cell = alpha * np.array(color) + (1 - alpha) * paper[:3]
        ink, ground = sorted([luminance(to_rgba(text.get_color())), luminance(cell)], reverse=True)
        assert (ink + 0.05) / (ground + 0.05) >= 4.5, (i, j)


def test_a_class_without_samples_has_zeros():
    ax = plots.confusion_matrix([[0, 0], [1, 2]], normalize="true")
    assert {place: text.get_text() for place, text in cells(ax).items()} == {(0, 0): "0", (1, 0): "33", (1, 1): "67"}


@pytest.mark.parametrize(
    ("matrix", "options", "error", "message"),
    [
        (np.ones((2, 3)), {}, ag.ShapeError, r"must be \(classes, classes\), got \(2, 3\)"),
        (LABELS, {}, ag.ShapeError, r"got \(300,\); predictions go with labels, as \(labels, predictions\)"),
        ((LABELS, LABELS, LABELS), {}, ag.ShapeError, r"expects \(labels, predictions\), got 3 arrays"),
        ([[1, -1], [0, 1]], {}, ag.DataError, "must hold counts, which are not negative"),
        ([[1, 0], [0, 1]], {"classes": ["a"]}, ag.ShapeError, "there are 2 classes, but 1 names"),
        ([[1, 0], [0, 1]], {"normalize": "rows"}, ag.OptionError, "'true', 'pred', 'all' or None; got 'rows'"),
    ],
)
def test_matrices_without_meaning_are_refused(matrix, options, error, message):
    with pytest.raises(error, match=message):
        plots.confusion_matrix(matrix, **options)


# --- the plane --------------------------------------------------------------------------------------------------------


def regions(ax, points):
    """Which class' region each point was painted with, by the polygons' colours: -1 for none, -2 for several."""
    owners = np.full(len(points), -1)
    base = [to_rgba(color)[:3] for color in matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]]
    for contours in ax.collections:
        if type(contours).__name__ == "QuadContourSet" and contours.filled:
            k = base.index(tuple(contours.get_facecolor()[0][:3]))
            for path in contours.get_paths():
                inside = np.zeros(len(points), bool)
                for polygon in path.to_polygons(closed_only=True):  # a hole is a polygon inside another one
                    inside ^= matplotlib.path.Path(polygon).contains_points(points)
                owners = np.where(inside, np.where((owners == -1) | (owners == k), k, -2), owners)
    return owners


CLASSIFIERS = {
    "logits": MLP([2, 16, 3], Tanh, rng=1),
    "one logit": MLP([2, 16, 1], Tanh, rng=1),
    "one probability": Sequential(*MLP([2, 16, 1], Tanh, rng=1), Sigmoid()),
    "with dropout": Sequential(Linear(2, 32, rng=0), ReLU(), Dropout(0.5, rng=0), Linear(32, 2, rng=0)),
}


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_the_regions_are_the_predictions_of_the_model(kind):
    model = CLASSIFIERS[kind]
    model.train()
    labels = np.arange(60) % 2
    ax = plots.decision_boundary(model, X, labels, resolution=150)
    assert model.training
    model.eval()
    low, high = X.min(axis=0), X.max(axis=0)
    grid = (low + (high - low) * np.random.default_rng(1).random((2000, 2))).astype(np.float32)
    scores = model(grid).detach().numpy()
    if scores.shape[1] == 1:
        scores = scores - 0.5 if kind == "one probability" else scores
        scores = np.hstack([-scores, scores])
    ordered = np.sort(scores, axis=1)
    # nearer to the boundary than a step of the grid, a polygon with straight sides may be on the other side of it
    clear = ordered[:, -1] - ordered[:, -2] > 0.05 * np.ptp(scores)
    assert clear.sum() > 1000
    assert np.array_equal(regions(ax, grid)[clear], scores.argmax(axis=1)[clear])


def test_whether_one_number_is_a_probability_is_seen_or_said():
    """All outputs lie in (0, 1): as probabilities of which half are above 0.5, or as logits that are all above 0."""
    point, labels = np.array([[-0.1, 0.0]]), np.arange(60) % 2
    layer = Linear(2, 1, rng=0)
    with ag.no_grad():
        layer.weight[...] = np.array([[0.01, 0.0]], np.float32)
        layer.bias[...] = np.array([0.5], np.float32)

    def owner(model, **options):
        return regions(plots.decision_boundary(model, X, labels, resolution=20, **options), point).tolist()

    assert owner(Sequential(layer)) == [1], "a layer's own output is a logit"
    assert owner(Sequential(layer), probabilities=True) == [0]
    assert owner(lambda x: layer(x)) == [0], "of a function nothing is known but the numbers"
    assert owner(lambda x: layer(x), probabilities=False) == [1]
    with pytest.raises(ag.DataError, match="probabilities=True, but the model gives -"):
        owner(lambda x: 10 * layer(x) - 5, probabilities=True)


def test_the_line_is_where_both_classes_are_equally_probable():
    model = Sequential(Linear(2, 2, rng=3))
    ax = plots.decision_boundary(model, X, np.arange(60) % 2, resolution=100)
    vertices = np.concatenate(
        [
            path.vertices
            for contours in ax.collections
            if type(contours).__name__ == "QuadContourSet" and not contours.filled
            for path in contours.get_paths()
        ]
    )
    scores = model(vertices.astype(np.float32)).detach().numpy()
    # linear interpolation of tanh between grid points: at most h^2/8 of its second derivative, h = 0.06 of the plane
    assert np.abs(scores[:, 0] - scores[:, 1]).max() < 1e-3
    assert len(vertices) > 50


def test_the_samples_are_there_with_a_marker_for_each_class():
    labels = np.arange(60) % 3
    ax = plots.decision_boundary(MLP([2, 3], rng=0), X, labels, resolution=20, classes=["a", "b", "c"])
    points = [c for c in ax.collections if type(c).__name__ == "PathCollection"]
    assert [c.get_label() for c in points] == ["a", "b", "c"]
    for k, drawn in enumerate(points):
        assert np.array_equal(drawn.get_offsets(), X[labels == k])
    shapes = {tuple(map(tuple, c.get_paths()[0].vertices.round(6).tolist())) for c in points}
    assert len(shapes) == 3


def test_two_values_of_any_kind_are_two_classes_and_functions_are_models():
    labels = np.where(X[:, 0] > 0, 1.0, -1.0)
    ax = plots.decision_boundary(lambda points: 5 * points[:, 0], X, labels, resolution=30)
    points = [c for c in ax.collections if type(c).__name__ == "PathCollection"]
    assert [c.get_label() for c in points] == ["class -1.0", "class 1.0"]
    assert regions(ax, np.array([[-1.0, 0.0], [1.0, 0.0]])).tolist() == [0, 1]


@pytest.mark.parametrize("kinds", [np.array(["cat", "dog", "emu"]), np.array([2, 5, 7]), np.array([False, True, True])])
def test_a_model_that_predicts_classes_paints_those(kinds):
    def predict(points):
        return kinds[np.digitize(points[:, 0], [-0.5, 0.5])]

    ax = plots.decision_boundary(predict, X, predict(X), resolution=41)
    points = [c for c in ax.collections if type(c).__name__ == "PathCollection"]
    assert [c.get_label() for c in points] == [f"class {kind}" for kind in np.unique(kinds).tolist()]
    thirds = np.array([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    assert regions(ax, thirds).tolist() == np.unique(kinds, return_inverse=True)[1].tolist()
    with pytest.raises(ag.ShapeError, match="but 1 names of classes"):
        plots.decision_boundary(predict, X, predict(X), classes=["a"])


@pytest.mark.parametrize(
    ("X", "y", "model", "error", "message"),
    [
        (np.ones((5, 3)), np.zeros(5, int), MLP([3, 2]), ag.ShapeError, r"X must be \(N, 2\).*\(5, 3\); choose two"),
        (
            np.ones((5, 2)),
            np.zeros(4, int),
            MLP([2, 2]),
            ag.ShapeError,
            r"one class for each row of X \(5, 2\), got \(4,\)",
        ),
        (np.ones((0, 2)), np.zeros(0, int), MLP([2, 2]), ag.ShapeError, "there are no samples"),
        (np.full((5, 2), np.nan), np.zeros(5, int), MLP([2, 2]), ag.DataError, "X holds NaN"),
        (X, np.arange(60) % 4, MLP([2, 3]), ag.DataError, "the model has 3 classes, and y holds 0, 1, 2, 3"),
        (X, np.arange(60) % 2, lambda x: x * np.nan, ag.DataError, "the model gives NaN or infinite numbers"),
        (X, np.arange(60) % 2, lambda x: x[:, :, None], ag.ShapeError, r"must give \(N, classes\)"),
    ],
)
def test_what_has_no_boundary_in_the_plane_is_refused(X, y, model, error, message):
    with pytest.raises(error, match=message):
        plots.decision_boundary(model, X, y, resolution=10)
