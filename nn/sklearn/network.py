"""What the estimators have in common: a network that is trained by stochastic gradient descent until it gets no better.

Knows scikit-learn's conventions, and `nn.train.fit`. Does not know what the network looks like, nor what its outputs
mean: the estimators say that.

Note [Two ways to stop]
As scikit-learn's own networks: without `early_stopping`, training ends when the mean loss of an epoch has not been
lower than the best one by `tol` for `n_iter_no_change` epochs. With it, `validation_fraction` of the samples are held
out, their score takes the place of the loss, and the parameters with the best score are kept.
"""

import copy
import math
import warnings
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import autograd_core as ag

from .. import optim
from ..data import DataLoader, TensorDataset
from ..history import History
from ..layers.dropout import RandomDrop
from ..module import Module
from ..scikit import (
    BaseEstimator,
    ConvergenceWarning,
    check_is_fitted,
    check_random_state,
    train_test_split,
    validate_data,
)
from ..train import fit

__all__ = ["SOLVERS", "NetworkEstimator"]

SOLVERS: dict[str, Callable[..., optim.Optimizer]] = {
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "rmsprop": optim.RMSprop,
    "sgd": lambda groups, lr: optim.SGD(groups, lr=lr, momentum=0.9, nesterov=True),
}
"""Those that go by batches; "lbfgs" takes all samples at once, see Note [All samples at once]."""

BATCH = 200  # samples, as in scikit-learn


@dataclass(eq=False, repr=False)  # writes the constructor: scikit-learn wants every option in its signature
class NetworkEstimator(BaseEstimator):
    """Fitting and asking a network; subclasses say which network, which loss, and what the outputs mean."""

    _: KW_ONLY
    solver: str = "adam"
    alpha: float = 1e-4
    batch_size: int | Literal["auto"] = "auto"
    learning_rate_init: float = 1e-3
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    verbose: bool = False
    warm_start: bool = False
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 10
    dropout: float = 0.0
    module: Any = None

    # --- what subclasses say ------------------------------------------------------------------------------------------

    def _build(self, shape: tuple[int, ...], outputs: int, rng: np.random.Generator, dtype: Any) -> Module:
        """A new network for samples of a shape."""
        raise NotImplementedError

    def _loss(self, outputs: Any, targets: Any) -> Any:
        """What training lowers: a mean over samples."""
        raise NotImplementedError

    def _score(self, model: Module, X: NDArray[Any], targets: NDArray[Any]) -> float:
        """How good a network is on samples that were held out; more is better."""
        raise NotImplementedError

    def _images(self, X: NDArray[Any]) -> NDArray[Any]:
        """The samples in the shape that the network takes."""
        return X

    # --- fitting ------------------------------------------------------------------------------------------------------

    def _fit(self, X: NDArray[Any], targets: NDArray[Any], outputs: int, *, stratify: bool, fresh: bool) -> None:
        self._check_options()
        if fresh:
            self._begin(X, outputs)
        if self.solver == "lbfgs":
            self._minimize(X, targets)
            return
        train, held_out = (X, targets), None
        if self.early_stopping:
            train, held_out = self._split(X, targets, stratify)
        size = min(BATCH, len(train[0])) if self.batch_size == "auto" else min(int(self.batch_size), len(train[0]))
        loader = DataLoader(
            TensorDataset(self._images(train[0]), train[1]), size, shuffle=bool(self.shuffle), rng=self._shuffling
        )
        if fresh:
            self._optimizer = self._make_optimizer(size)
        watch = _Watch(self.tol, self.n_iter_no_change)
        for _ in range(self.max_iter):
            self._epoch(loader)
            if held_out is not None:
                score = self._score(self.model_, *held_out)
                self.validation_scores_.append(score)
                stop = watch.see(-score, self.model_)
            else:
                stop = watch.see(self.loss_)
            if stop:
                break
        else:
            self._warn("epochs")
        self.best_loss_ = min(self.loss_curve_)
        if watch.state is not None:
            self.model_.load_state_dict(watch.state)
            self.best_validation_score_ = -watch.best
        self.model_.eval()

    def _minimize(self, X: NDArray[Any], targets: NDArray[Any]) -> None:
        """See Note [All samples at once]."""
        model, inputs = self.model_.train(), ag.asarray(self._images(X))
        if any(isinstance(layer, RandomDrop) and layer.p for layer in model.modules()):
            raise ag.OptionError(
                f"{type(self).__name__}: solver='lbfgs' needs a loss that is the same each time, and dropout draws it "
                "at random; use another solver, or no dropout"
            )
        parameters = [p for p in model.parameters() if p.requires_grad]
        weights = [p for p in parameters if p.ndim > 1]
        optimizer = optim.LBFGS(
            parameters,
            max_iter=int(self.max_iter),
            max_eval=15_000,
            tolerance_grad=self.tol,
            history_size=10,
            line_search_fn="strong_wolfe",
        )

        def closure() -> Any:
            optimizer.zero_grad()
            loss = self._loss(model(inputs), targets)
            for weight in weights:
                loss = loss + self.alpha / 2 / len(X) * ag.sum(weight * weight)
            loss.backward()
            self.loss_ = loss.item()
            return loss

        optimizer.step(closure)
        closure()  # the line search may have looked further than it went
        optimizer.zero_grad()
        found = optimizer.state[parameters[0]]["n_iter"]
        self.n_iter_ += found
        self.loss_curve_.append(self.loss_)
        self.best_loss_ = min(self.loss_curve_)
        if found >= self.max_iter:
            self._warn("iterations")
        model.eval()

    def _warn(self, what: str) -> None:
        warnings.warn(
            f"{type(self).__name__}: the {self.max_iter} {what} of max_iter are over and the network was still getting "
            "better; raise max_iter, or learning_rate_init",
            ConvergenceWarning,
            stacklevel=5,
        )

    def _partial_fit(self, X: NDArray[Any], targets: NDArray[Any], outputs: int) -> None:
        """One epoch more."""
        self._check_options()
        if self.solver == "lbfgs":
            raise ag.OptionError("partial_fit: solver='lbfgs' needs all samples at once; use fit, or another solver")
        if self.early_stopping:
            raise ag.OptionError("partial_fit: early_stopping needs all samples at once; use fit, or turn it off")
        size = min(BATCH, len(X)) if self.batch_size == "auto" else min(int(self.batch_size), len(X))
        if not hasattr(self, "model_"):
            self._begin(X, outputs)
            self._optimizer = self._make_optimizer(size)
        data = TensorDataset(self._images(X), targets)
        self._epoch(DataLoader(data, size, shuffle=bool(self.shuffle), rng=self._shuffling))
        self.model_.eval()

    def _begin(self, X: NDArray[Any], outputs: int) -> None:
        """A new network, and the generators that all randomness comes from."""
        seed = check_random_state(self.random_state).randint(2**31 - 1, size=2)
        weights, self._shuffling = (np.random.default_rng(int(s)) for s in seed)
        shape = self._images(X[:1]).shape[1:]
        self.model_ = self._network(shape, outputs, weights, X.dtype)
        self.history_ = History()
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] = []
        self.n_iter_ = 0

    def _network(self, shape: tuple[int, ...], outputs: int, rng: np.random.Generator, dtype: Any) -> Module:
        if self.module is None:
            return self._build(shape, outputs, rng, dtype)
        made = copy.deepcopy(self.module) if isinstance(self.module, Module) else self.module(shape, outputs)
        if not isinstance(made, Module):
            raise ag.OptionError(
                f"{type(self).__name__}: module must be a Module, or a function (shape of a sample, number of outputs) "
                f"that makes one; this gave {type(made).__name__}"
            )
        given = (
            self._images(np.zeros((1, math.prod(shape)), dtype)) if len(shape) == 1 else np.zeros((1, *shape), dtype)
        )
        with ag.no_grad():
            found = copy.deepcopy(made).eval()(ag.asarray(given)).shape
        if found != (1, outputs):
            raise ag.ShapeError(
                f"{type(self).__name__}: module must give {outputs} numbers for a sample of shape {shape}, "
                f"shape (1, {outputs}) for a batch of one; it gave {found}"
            )
        return made

    def _make_optimizer(self, size: int) -> optim.Optimizer:
        # the penalty alpha / 2 ||w||^2 is shared among the samples of a batch, and biases bear none of it
        groups = [
            {"params": [p for p in self.model_.parameters() if (p.ndim > 1) == decays], "weight_decay": decay}
            for decays, decay in ((True, self.alpha / size), (False, 0.0))
        ]
        make = SOLVERS[self.solver]
        return make([group for group in groups if group["params"]], lr=self.learning_rate_init)

    def _epoch(self, loader: DataLoader) -> None:
        fit(
            self.model_.train(),
            loader,
            epochs=1,
            optimizer=self._optimizer,
            loss=self._loss,
            history=self.history_,
            progress=False,
        )
        self.loss_ = self.history_.last.train_loss
        self.loss_curve_.append(self.loss_)
        self.n_iter_ += 1
        if self.verbose:
            print(self.history_.last, flush=True)

    def _split(self, X: NDArray[Any], targets: NDArray[Any], stratify: bool) -> tuple[Any, Any]:
        try:
            a, b, c, d = train_test_split(
                X,
                targets,
                test_size=self.validation_fraction,
                random_state=int(self._shuffling.integers(2**31 - 1)),
                stratify=targets if stratify else None,
            )
        except ValueError as error:
            raise ag.DataError(f"{type(self).__name__}: early_stopping cannot hold samples out: {error}") from None
        return (a, c), (b, d)

    def _check_options(self) -> None:
        who = type(self).__name__
        if self.solver not in (*SOLVERS, "lbfgs"):
            raise ag.OptionError(f"{who}: solver must be one of {', '.join(SOLVERS)}, lbfgs; got {self.solver!r}")
        whole = {"max_iter": self.max_iter, "n_iter_no_change": self.n_iter_no_change}
        if self.batch_size != "auto":
            whole["batch_size"] = self.batch_size
        for name, value in whole.items():
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
                raise ag.OptionError(f"{who}: {name} must be a positive whole number; got {value!r}")
        for name in ("alpha", "learning_rate_init", "tol"):
            value = getattr(self, name)
            if not isinstance(value, int | float | np.number) or isinstance(value, bool) or not 0 <= value < math.inf:
                raise ag.OptionError(f"{who}: {name} must be a finite number, at least 0; got {value!r}")
        if not 0 < self.validation_fraction < 1:
            raise ag.OptionError(
                f"{who}: validation_fraction must lie between 0 and 1; got {self.validation_fraction!r}"
            )

    # --- asking -------------------------------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> NDArray[Any]:
        """What the fitted network says of samples."""
        check_is_fitted(self, "model_")
        X = validate_data(self, X, reset=False, dtype=(np.float64, np.float32), **self._accepted())
        return self._run(self.model_, X)

    def _accepted(self) -> dict[str, Any]:
        """Further arguments of scikit-learn's validation of X."""
        return {}

    def _run(self, model: Module, X: NDArray[Any]) -> NDArray[Any]:
        dtype = next((p.dtype for p in model.parameters()), X.dtype)
        was_training = model.training
        model.eval()
        with ag.no_grad():
            rows = [
                model(ag.asarray(self._images(X[i : i + 1024]).astype(dtype, copy=False))).numpy()
                for i in range(0, len(X), 1024)
            ]
        model.train(was_training)
        return np.concatenate(rows)


class _Watch:
    """Tells when a figure that should fall has stopped falling, and keeps the state of the best network."""

    def __init__(self, tol: float, patience: int) -> None:
        self.tol, self.patience = tol, patience
        self.best, self.since = math.inf, 0
        self.state: dict[str, Any] | None = None

    def see(self, figure: float, model: Module | None = None) -> bool:
        """Note a figure; True when it is time to stop."""
        if model is not None and figure < self.best:
            self.state = model.state_dict()
        self.since = self.since + 1 if figure > self.best - self.tol else 0
        self.best = min(self.best, figure)
        return self.since > self.patience
