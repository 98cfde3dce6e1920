"""The command line: ``python -m nn train`` and ``python -m nn demo``.

``train`` leaves in its folder, ``runs/<data>-<model>-seed<seed>`` unless ``--output`` names another: ``index.html``, a
report; ``weights.safetensors`` and ``weights.json``, the weights and the history; ``log.jsonl``, a line for each epoch;
``config.json``; and ``checkpoint.safetensors``, from which ``--resume`` goes on after Ctrl-C, a crash or a power cut,
in the middle of an epoch too, with the same figures as if nothing had happened.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import autograd_core as ag

from .experiment import DATA, OPTIMIZERS, SCHEDULES, Settings, run
from .models import MODELS


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0, 1 for an error told in words, 130 after Ctrl-C."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        if args.command == "demo":
            from .demo import demo

            return demo(Path(args.output or "runs/demo"), seed=args.seed, epochs=args.epochs, progress=not args.quiet)
        return _train(args)
    except (ag.AutogradError, ImportError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{parser.prog}: interrupted", file=sys.stderr)
        return 130


def _train(args: argparse.Namespace) -> int:
    settings = Settings(
        args.data,
        args.model,
        args.epochs,
        args.seed,
        args.lr,
        args.batch_size,
        args.optimizer,
        args.validation,
        args.augment,
        args.data_dir,
        args.scheduler,
        args.weight_decay,
        args.patience,
    ).complete()
    folder = Path(args.output or f"runs/{args.data}-{args.model}-seed{args.seed}")
    result = run(settings, folder, progress=not args.quiet, resume=args.resume, checkpoint_every=args.checkpoint_every)
    print(f"test accuracy: {100 * result.accuracy:.2f} %  ({len(result.mistakes):,} of {result.tested:,} images wrong)")
    print(f"training time: {result.history.seconds:.1f} s for {len(result.history)} epochs")
    files = ["weights.safetensors", "weights.json", "log.jsonl", "config.json"]
    try:
        from .report import write_report

        title = f"{args.model} on {args.data}, seed {args.seed}"
        write_report(folder / "index.html", [result], title=title, summary=f"{result.tested:,} test images, seen once.")
        files.insert(0, "index.html")
    except ImportError as error:
        print(f"no report: {error}")
    print(f"{folder}: {', '.join(files)}")
    return 130 if result.history.interrupted else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m nn", description="Train networks on images of handwritten digits.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="train|demo")
    train = commands.add_parser("train", help="train one network and test it")
    train.add_argument("--data", choices=DATA, default="digits", help="default: digits")
    train.add_argument("--model", choices=MODELS, default="cnn", help="default: cnn")
    train.add_argument("--optimizer", choices=OPTIMIZERS, help="default: what suits the model")
    train.add_argument("--lr", type=_positive(float), metavar="RATE", help="learning rate")
    train.add_argument("--batch-size", type=_positive(int), metavar="N", help="images per step")
    train.add_argument(
        "--validation", type=_fraction, default=0.1, metavar="F", help="fraction held out of training; default: 0.1"
    )
    train.add_argument(
        "--augment",
        action=argparse.BooleanOptionalAction,
        help="distort the training images anew in every epoch; default: for the digits",
    )
    train.add_argument("--data-dir", metavar="DIR", help="where the files of MNIST are; default: $AUTOGRAD_CORE_DATA")
    train.add_argument("--scheduler", choices=SCHEDULES, help="what the learning rate does; default: by the model")
    train.add_argument("--weight-decay", type=_positive(float), metavar="D", help="of weights, not of biases")
    train.add_argument(
        "--patience", type=_positive(int), metavar="N", help="end after N epochs that were no better, and go back"
    )
    train.add_argument(
        "--checkpoint-every",
        metavar="N UNIT",
        default="epoch",
        help="how often the whole run is saved: epoch, '500 steps', '10 minutes'; default: epoch",
    )
    train.add_argument(
        "--resume",
        action="store_true",
        help="go on with the run in the folder, if there is one, as if it never stopped",
    )
    demo = commands.add_parser("demo", help="train an MLP and a CNN on the digits and write a report")
    for command in (train, demo):
        command.add_argument("--epochs", type=_positive(int), metavar="N", help="passes over the training images")
        command.add_argument("--seed", type=_seed, default=0, help="of everything random; default: 0")
        command.add_argument("--output", metavar="DIR", help="folder for weights, history and report")
        command.add_argument("--quiet", action="store_true", help="no progress")
    return parser


def _positive(kind: type[int] | type[float]) -> Callable[[str], int | float]:
    def parse(text: str) -> int | float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(0)
        if not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"must be a positive {'whole ' * (kind is int)}number, got {text!r}")
        return value

    return parse


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number, not negative, got {text!r}")
    return int(text)


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"must be a fraction from 0 to below 1, got {text!r}")
    return value


if __name__ == "__main__":
    sys.exit(main())
