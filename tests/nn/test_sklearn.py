"""The estimators behave as scikit-learn's: its own checks, its pipelines and searches, and its networks' numbers."""

import pickle
import warnings

import numpy as np
import pytest

import autograd_core as ag
import nn

sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra: sklearn)")

import scipy.sparse  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.calibration import CalibratedClassifierCV  # noqa: E402
from sklearn.datasets import load_diabetes, load_digits, load_iris  # noqa: E402
from sklearn.ensemble import VotingClassifier  # noqa: E402
from sklearn.exceptions import ConvergenceWarning  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score, train_test_split  # noqa: E402
from sklearn.neural_network import MLPClassifier as TheirClassifier, MLPRegressor as TheirRegressor  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

from nn.sklearn import ConvClassifier, MLPClassifier, MLPRegressor  # noqa: E402

ESTIMATORS = [MLPClassifier, MLPRegressor, ConvClassifier]


@pytest.fixture(autouse=True)
def quiet():
    """Few epochs are enough for most claims here, which scikit-learn's convention warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return train_test_split(X / 16, y, random_state=0, stratify=y)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_scikit_learns_own_checks_pass(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks provoke warnings, and judge them themselves
        results = check_estimator(estimator(), on_fail=None, on_skip=None)
    failed = [(r["check_name"], r["exception"]) for r in results if r["status"] == "failed"]
    assert not failed
    passed = [r for r in results if r["status"] == "passed"]
    skipped = {r["check_name"] for r in results if r["status"] == "skipped"}
    assert len(passed) >= 50  # scikit-learn 1.9: 53, 51, 53
    assert skipped <= {
        "check_array_api_input",  # asks for an environment variable
        "check_classifier_data_not_an_array",  # asks for pandas
        "check_regressor_data_not_an_array",
    }


# --- the same numbers as scikit-learn's networks ---


def test_a_step_of_the_classifier_is_scikit_learns():
    """From the same weights, one epoch over all samples: nesterov's first step and the share of alpha are the same."""
    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    options = {"alpha": 0.5, "learning_rate_init": 0.1, "max_iter": 1, "batch_size": len(X), "shuffle": False}
    theirs = TheirClassifier((7,), "tanh", solver="sgd", random_state=0, warm_start=True, **options).fit(X, y)
    start = nn.MLP([4, 7, 3], "tanh", dtype=np.float64)
    weights = [*zip(theirs.coefs_, theirs.intercepts_, strict=True)]
    start.load_state_dict({f"{i}.{k}": v for i, (w, b) in zip((0, 2), weights, strict=True) for k, v in pair(w, b)})
    theirs.fit(X, y)
    ours = MLPClassifier(solver="sgd", module=start, **options).fit(X, y)
    for i, (w, b) in zip((0, 2), zip(theirs.coefs_, theirs.intercepts_, strict=True), strict=True):
        np.testing.assert_allclose(ours.model_[i].weight.data, w.T, rtol=1e-10, atol=1e-12)  # sums of 150 in float64
        np.testing.assert_allclose(ours.model_[i].bias.data, b, rtol=1e-10, atol=1e-12)


def test_a_step_of_the_regressor_is_scikit_learns():
    X, y = load_diabetes(return_X_y=True)
    y = (y - y.mean()) / y.std()
    options = {"alpha": 0.5, "learning_rate_init": 0.1, "max_iter": 1, "batch_size": len(X), "shuffle": False}
    theirs = TheirRegressor(hidden_layer_sizes=(7,), solver="sgd", random_state=0, warm_start=True, **options).fit(X, y)
    start = nn.MLP([10, 7, 1], "relu", dtype=np.float64)
    weights = [*zip(theirs.coefs_, theirs.intercepts_, strict=True)]
    start.load_state_dict({f"{i}.{k}": v for i, (w, b) in zip((0, 2), weights, strict=True) for k, v in pair(w, b)})
    theirs.fit(X, y)
    ours = MLPRegressor(solver="sgd", module=start, **options).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9, atol=1e-11)  # sums of 442 in float64


def pair(weight, bias):
    return [("weight", weight.T), ("bias", bias)]


@pytest.mark.parametrize("seed", [0, 2])
def test_lbfgs_finds_as_low_a_loss_as_scikit_learns(seed):
    """Both minimize the same function, penalty included; from where each begins, to a minimum near it."""
    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    options = {"solver": "lbfgs", "alpha": 0.1, "max_iter": 1000, "tol": 1e-5, "random_state": seed}
    theirs, ours = TheirClassifier((20,), "tanh", **options).fit(X, y), MLPClassifier((20,), "tanh", **options)
    ours.fit(X, y)
    assert ours.loss_ < 1.25 * theirs.loss_  # reached: 0.83 and 1.00; there are minima of 0.0437 and 0.0530
    penalty = 0.05 / len(X) * sum((p.data**2).sum() for p in ours.model_.parameters() if p.ndim > 1)
    log_loss = -np.log(ours.predict_proba(X)[np.arange(len(X)), y]).mean()
    assert ours.loss_ == pytest.approx(log_loss + penalty, rel=1e-10)  # sums of 150 in float64
    assert ours.n_iter_ < 1000


def test_lbfgs_of_the_regressor_solves_least_squares():
    """Without hidden layers and penalty it is linear regression, which has one minimum."""
    X, y = load_diabetes(return_X_y=True)
    X, y = X / X.std(axis=0), (y - y.mean()) / y.std()
    flat = nn.Linear(X.shape[1], 1, rng=0, dtype=np.float64)
    found = MLPRegressor(module=flat, solver="lbfgs", alpha=0, tol=1e-8, max_iter=1000).fit(X, y)
    best = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), y)[0]
    np.testing.assert_allclose(found.model_.weight.data[0], best[:-1], atol=1e-4)  # the valley is flat: s6 against s1


def test_lbfgs_warns_when_it_has_not_come_to_the_end():
    X, y = load_iris(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="the 3 iterations of max_iter are over"):
        MLPClassifier(solver="lbfgs", max_iter=3, random_state=0).fit(X, y)
    with pytest.raises(ag.OptionError, match="solver='lbfgs' needs a loss that is the same each time"):
        MLPClassifier(solver="lbfgs", dropout=0.1).fit(X, y)
    with pytest.raises(ag.OptionError, match="solver='lbfgs' needs all samples at once"):
        MLPClassifier(solver="lbfgs").partial_fit(X, y, classes=[0, 1, 2])


@pytest.mark.parametrize("solver", ["adam", "adamw", "rmsprop", "sgd", "lbfgs"])
def test_every_solver_learns(solver):
    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    network = MLPClassifier((16,), solver=solver, max_iter=100, learning_rate_init=0.03, random_state=0).fit(X, y)
    assert network.score(X, y) > 0.93  # reached: 0.96 to 1.00


# --- pipelines, searches, cross-validation ---


def test_a_pipeline_is_cross_validated(digits):
    X, _, y, _ = digits
    pipeline = make_pipeline(
        StandardScaler(), MLPClassifier((50,), max_iter=15, random_state=0, learning_rate_init=5e-3)
    )
    scores = cross_val_score(pipeline, X, y, cv=3)
    assert scores.min() > 0.94  # reached: 0.96 to 0.97; scikit-learn's own 0.96


def test_a_grid_search_finds_the_better_network():
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), MLPClassifier(random_state=0, max_iter=40, learning_rate_init=0.02)),
        {"mlpclassifier__hidden_layer_sizes": [(1,), (16,)], "mlpclassifier__solver": ["adam", "sgd"]},
        cv=3,
    ).fit(X, y)
    assert search.best_params_["mlpclassifier__hidden_layer_sizes"] == (16,)
    assert search.best_score_ > 0.94  # reached: 0.97


def test_digits_are_told_apart_by_convolution(digits):
    X, X_test, y, y_test = digits
    network = ConvClassifier((16, 32), max_iter=20, random_state=0, learning_rate_init=5e-3, batch_size=64)
    assert network.fit(X, y).score(X_test, y_test) > 0.95  # reached: 0.971
    images = X_test.reshape(-1, 1, 8, 8)
    again = ConvClassifier((8,), max_iter=1, random_state=0).fit(X.reshape(-1, 1, 8, 8), y)
    assert again.predict(images).shape == (len(images),)
    np.testing.assert_allclose(network.predict_proba(X_test).sum(axis=1), 1, rtol=1e-12)  # sums of 10 in float64
    np.testing.assert_allclose(
        network.predict_log_proba(X_test), np.log(network.predict_proba(X_test)), rtol=1e-6, atol=1e-9
    )


def test_other_processes_fit_too():
    """What joblib sends to them: options, a module of one's own, and the fitted network back."""
    X, y = load_iris(return_X_y=True)
    module = nn.Sequential(
        nn.Linear(4, 8, rng=0, dtype=np.float64), nn.ReLU(), nn.Linear(8, 3, rng=1, dtype=np.float64)
    )
    network = MLPClassifier(module=module, max_iter=5, random_state=0, learning_rate_init=0.05)
    search = GridSearchCV(network, {"alpha": [1e-4, 1e-2]}, cv=3, n_jobs=2).fit(X, y)
    alone = GridSearchCV(network, {"alpha": [1e-4, 1e-2]}, cv=3).fit(X, y)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


def test_it_can_be_a_part_of_scikit_learns_own_ensembles():
    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    network = MLPClassifier((16,), max_iter=30, learning_rate_init=0.02, random_state=0)
    wide = clone(network).set_params(hidden_layer_sizes=(32,), activation="tanh")
    assert VotingClassifier([("a", network), ("b", wide)], voting="soft").fit(X, y).score(X, y) > 0.93
    assert CalibratedClassifierCV(network, cv=2).fit(X, y).score(X, y) > 0.9
    assert cross_val_predict(network, X, y, cv=3, method="predict_proba").shape == (150, 3)


def test_what_is_not_taken_is_refused_in_words():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(TypeError, match="Sparse data was passed for X, but dense data is required"):
        MLPClassifier().fit(scipy.sparse.csr_array(X), y)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        ConvClassifier().fit(np.where(X > 5, np.nan, X), y)
    with pytest.raises(TypeError, match="unexpected keyword argument 'sample_weight'"):
        MLPClassifier().fit(X, y, sample_weight=np.ones(len(y)))


# --- a module of one's own ---


class Gated(nn.Module):
    def __init__(self, features, outputs):
        super().__init__()
        self.value, self.gate = nn.Linear(features, 12, rng=0), nn.Linear(features, 12, rng=1)
        self.out = nn.Linear(12, outputs, rng=2)

    def forward(self, x):
        return self.out(self.value(x) * ag.sigmoid(self.gate(x)))


def test_a_module_of_ones_own_is_trained_as_a_copy():
    X, y = load_iris(return_X_y=True)
    X = X.astype(np.float32)
    module = Gated(4, 3)
    before = module.state_dict()
    fitted = MLPClassifier(module=module, max_iter=60, learning_rate_init=0.02, random_state=0).fit(X, y)
    assert fitted.score(X, y) > 0.95
    for name, value in module.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    assert isinstance(fitted.model_, Gated)
    assert fitted.model_ is not module
    assert clone(fitted).fit(X, y).score(X, y) == fitted.score(X, y)
    made = MLPClassifier(module=lambda shape, outputs: Gated(*shape, outputs), max_iter=2, random_state=0).fit(X, y)
    assert isinstance(made.model_, Gated)


def test_a_module_that_does_not_fit_is_refused_before_training():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ag.ShapeError, match=r"must give 3 numbers for a sample of shape \(4,\).* it gave \(1, 5\)"):
        MLPClassifier(module=Gated(4, 5)).fit(X, y)
    with pytest.raises(ag.OptionError, match="module must be a Module, or a function"):
        MLPClassifier(module=lambda shape, outputs: "net").fit(X, y)


# --- conventions ---


def test_labels_of_any_kind_come_back():
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array(["no", "yes", "yes", "no"])
    network = MLPClassifier((16,), learning_rate_init=0.05, tol=0, max_iter=100, random_state=0).fit(X, y)
    assert network.predict(X).tolist() == y.tolist()
    assert network.classes_.tolist() == ["no", "yes"]
    assert network.n_iter_ == len(network.loss_curve_) == len(network.history_) <= 100
    assert network.best_loss_ == min(network.loss_curve_)


def test_a_seed_gives_the_same_network_again():
    X, y = load_iris(return_X_y=True)
    a, b, c = (MLPClassifier(max_iter=3, random_state=seed, dropout=0.2).fit(X, y) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a.predict_proba(X), b.predict_proba(X))
    assert not np.array_equal(a.predict_proba(X), c.predict_proba(X))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(a)).predict_proba(X), a.predict_proba(X))


def test_training_stops_when_it_gets_no_better_and_says_when_it_does_not(recwarn):
    X, y = load_iris(return_X_y=True)
    options = {"learning_rate_init": 0.05, "random_state": 0}
    stopped = MLPClassifier(max_iter=500, tol=0.01, n_iter_no_change=3, **options).fit(X, y)
    assert stopped.n_iter_ < 200
    with pytest.warns(ConvergenceWarning, match="the 2 epochs of max_iter are over"):
        MLPClassifier(max_iter=2, **options).fit(X, y)


def test_early_stopping_keeps_the_best_network():
    X, y = load_diabetes(return_X_y=True)
    y = (y - y.mean()) / y.std()
    network = MLPRegressor((100,), max_iter=200, learning_rate_init=0.02, early_stopping=True, random_state=0).fit(X, y)
    assert network.best_validation_score_ == max(network.validation_scores_)
    assert network.n_iter_ < 200
    assert network.validation_scores_[-1] < network.best_validation_score_


def test_warm_start_goes_on_and_partial_fit_trains_one_epoch():
    X, y = load_iris(return_X_y=True)
    network = MLPClassifier(max_iter=2, warm_start=True, random_state=0).fit(X, y)
    first = network.model_
    assert network.fit(X, y).model_ is first
    assert network.n_iter_ == 4
    with pytest.raises(ag.DataError, match="warm_start needs the classes of the first fit"):
        network.fit(X[:100], y[:100])
    online = MLPClassifier(random_state=0)
    for _ in range(3):
        online.partial_fit(X, y, classes=[0, 1, 2])
    assert online.n_iter_ == 3
    with pytest.raises(ag.DataError, match=r"label np.int64\(7\) is none of the classes"):
        online.partial_fit(X, np.full(len(X), 7))
    with pytest.raises(ag.OptionError, match="the first call of partial_fit needs classes="):
        MLPClassifier().partial_fit(X, y)


def test_float32_is_computed_in_float32():
    X, y = load_iris(return_X_y=True)
    network = MLPClassifier(max_iter=1, random_state=0).fit(X.astype(np.float32), y)
    assert {p.dtype for p in network.model_.parameters()} == {np.dtype(np.float32)}
    assert network.predict_proba(X.astype(np.float32)).dtype == np.float32


def test_several_numbers_are_predicted_at_once():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    Y = np.stack([X[:, 0] + X[:, 1], X[:, 2] ** 2], axis=1)
    network = MLPRegressor((50,), max_iter=200, learning_rate_init=0.01, random_state=0).fit(X, Y)
    assert network.predict(X).shape == Y.shape
    assert network.score(X, Y) > 0.97  # reached: 0.99
    assert network.fit(X, Y[:, 0]).predict(X).shape == (200,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": "newton"}, "solver must be one of adam, adamw, rmsprop, sgd, lbfgs; got 'newton'"),
        ({"max_iter": 0}, "max_iter must be a positive whole number; got 0"),
        ({"batch_size": 2.5}, "batch_size must be a positive whole number; got 2.5"),
        ({"alpha": -1}, "alpha must be a finite number, at least 0; got -1"),
        ({"validation_fraction": 1.0}, "validation_fraction must lie between 0 and 1"),
        ({"activation": "step"}, "activation must be"),
        ({"dropout": 2}, "p is the probability to drop"),
    ],
)
def test_bad_options_are_refused_when_fitting(options, message):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ag.OptionError, match=message):
        MLPClassifier(**options).fit(X, y)


def test_images_that_do_not_fit_are_refused(digits):
    X, _, y, _ = digits
    with pytest.raises(ag.ShapeError, match=r"image_shape must be .* and hold the 64 pixels of a sample"):
        ConvClassifier(image_shape=(7, 7)).fit(X, y)
    with pytest.raises(ag.DataError, match="got 1 class"):
        ConvClassifier().fit(X[:5], np.zeros(5))
    with pytest.raises(ag.OptionError, match="early_stopping needs all samples at once"):
        MLPClassifier(early_stopping=True).partial_fit(X, y, classes=range(10))
