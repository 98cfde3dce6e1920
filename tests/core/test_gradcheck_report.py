"""The report of a gradient check says what is known, no more and no less, and how to see it again."""

import re
from collections import namedtuple
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.testing.html import to_html
from autograd_core.testing.report import CAUSES, Cause, Entry, Finding, GradientReport, Step
from autograd_core.testing.reproduction import PRINTED, reproduce
from autograd_core.testing.text import rounded

Pair = namedtuple("Pair", ["first", "second"])


def sweep(derivative):
    """Steps with errors as of a smooth function: falling with the fourth power, then rounding by the step."""
    steps = [1e-2 * 4.0**-k for k in range(9)]
    errors = [0.3 * h**4 + 1e-15 / h for h in steps]
    return tuple(
        Step(h, derivative + 0.5 * e, e, derivative + h, derivative - h) for h, e in zip(steps, errors, strict=True)
    )


def entry(analytic, derivative, status="wrong", **others):
    steps = sweep(derivative)
    best = min(steps, key=lambda s: s.error)
    known = {"index": (0, 1), "value": 0.5, "output": (0, (2,)), "sweep": steps, **others}
    return Entry(0, analytic=analytic, numeric=best.numeric, tolerance=4 * best.error, status=status, **known)


KINK = entry(0.0, 0.5, "kink", index=(1,), value=0.0, backward=0.0, forward=1.0)
CODE = "import numpy as np\nx = np.ones(3)\ngradcheck(f, x)"
COLUMN = np.repeat([[False, True, False, False]], 3, axis=0)

RIGHT = GradientReport(True, 1, 12, 0, worst=entry(2.0, 2.0, "right"), function="huber", where="losses.py:12")
WRONG = GradientReport(
    ok=False,
    order=1,
    checked=15,
    failed=3,
    worst=entry(3.96, 1.98),
    cause=Cause("factor", "every number is 2 times what it must be"),
    function="huber",
    where="losses.py:12",
    operation="mul, called at losses.py:14",
    labels=("x", "w"),
    output_shapes=((3,),),
    wrong=(COLUMN, np.zeros(3, bool)),
    reproduction=CODE,
)
RULES = replace(
    WRONG,
    failed=0,
    worst=RIGHT.worst,
    wrong=(),
    cause=Cause("mutation", "x was written into"),
    findings=(Finding("mutation", "x was written into"), Finding("float32", "off by 3e-3 in single precision")),
)
NOISY = replace(
    WRONG, failed=15, worst=replace(entry(1.0, 1.0, "undecided"), numeric=np.nan, tolerance=np.inf), cause=None
)
LONG = replace(
    WRONG,
    function="module." * 40 + "<lambda>",
    where="directory/" * 30 + "file.py:1",
    labels=("layer." * 40 + "weight",) * 5,
    cause=Cause("term", "a term is missing " * 40),
    operation="mul " * 200,
    findings=(Finding("layout", "the result depends on strides " * 40),) * 20,
    wrong=(np.random.default_rng(0).random((4, 5)) < 0.5,) * 5,
    kinks=4,
    kink=KINK,
    reproduction="\n".join([CODE] * 40),
)
REPORTS = {
    "right": RIGHT,
    "right, with kinks": replace(RIGHT, kinks=2, kink=KINK, labels=("x",)),
    "wrong": WRONG,
    "wrong in second order": replace(WRONG, order=2),
    "rules": RULES,
    "only kinks": GradientReport(True, 1, 2, 0, kinks=2, worst=KINK, labels=("x",)),
    "empty": GradientReport(True, 1, 0, 0),
    "noisy": NOISY,
    "not finite": replace(WRONG, worst=entry(np.nan, 1.5)),
    "nothing known": GradientReport(False, 3, 5, 1),
    "long": LONG,
    "scalar": replace(WRONG, worst=entry(1.0, 0.0, index=(), output=None, sweep=()), output_shapes=((),)),
    "lambda": replace(WRONG, function="<lambda>", labels=("<b>&\"'",), cause=Cause("sign", "a < b & c")),
    "large": replace(WRONG, wrong=(np.eye(100, dtype=bool), np.ones((2, 3, 4, 5), bool), np.ones(60, bool))),
}


# --- text -------------------------------------------------------------------------------------------------------------


def test_a_right_gradient_is_one_sentence():
    assert str(RIGHT) == (
        "gradient of huber (losses.py:12) agrees with central differences in all 12 entries (largest error\n"
        f"  {RIGHT.worst.error:.2g}, tolerated {RIGHT.worst.tolerance:.2g})"
    )


@pytest.mark.parametrize("view", [str, to_html], ids=["text", "html"])
@pytest.mark.parametrize(
    "words",
    [
        "huber (losses.py:12) is wrong in 3 of 15 entries",
        "d output[2] / d x[0, 1]",
        "x[0, 1] = 0.5",
        "3.9600000000",
        "1.9800000000",
        "analytic / numeric",
        "2.00000000",
        "off by",
        "tolerated",
        "suspected cause (factor): every number is 2 times what it must be",
        "x[:, 1] (3 of 12)",
        "operation: mul, called at losses.py:14",
        "gradcheck(f, x)",
        "believed",
        "central difference",
    ],
)
def test_what_is_known_of_a_wrong_gradient_is_said(view, words):
    assert words in view(WRONG)


def test_the_step_that_was_believed_is_marked_in_its_row():
    best = min(WRONG.worst.sweep, key=lambda s: s.error)
    marked = [line for line in str(WRONG).splitlines() if line.endswith("believed")]
    assert len(marked) == 1
    assert marked[0].startswith(f"  > {best.step:.1e}")


def test_no_step_is_believed_where_nothing_was_decided():
    assert NOISY.worst.believed is None
    assert "believed" not in str(NOISY)
    assert "undecided in 15 of 15 entries" in str(NOISY)
    assert "No step gives a difference that is good enough" in str(NOISY)


@pytest.mark.parametrize("error", [1e-13, 3e-9, 2e-5, 0.4])
@pytest.mark.parametrize("x", [1.98, -1234.56789, 6.02e-7, 1e30])
def test_no_digit_stands_behind_the_first_uncertain_one(x, error):
    error *= abs(x)
    written = rounded(x, error)
    mantissa, _, exponent = written.partition("e")
    last = int(exponent or 0) - len(mantissa.partition(".")[2])  # the power of ten of the last digit
    assert abs(float(written) - x) <= error
    assert 10.0**last > error / 10
    assert rounded(-0.0, error) == "0"


def test_the_ratio_is_said_only_where_the_number_is_known():
    assert entry(0.0, 2.0).ratio == 0
    assert entry(-1.0, 2.0).ratio == pytest.approx(-0.5)
    assert entry(1.0, 0.0).ratio is None
    assert entry(1e-10, 0.0).ratio is None  # of numbers that are both nothing but errors
    assert entry(np.inf, 2.0).ratio is None
    assert "analytic / numeric" not in str(replace(WRONG, worst=entry(1.0, 0.0)))


def test_kinks_are_counted_and_never_blamed():
    text = str(REPORTS["right, with kinks"])
    assert "all 10 entries that could be judged" in " ".join(text.split())
    assert "2 entries lie on a kink and were not judged: left 0, right 1, at x[1] = 0." in text
    text = str(replace(WRONG, kinks=1, kink=replace(KINK, status="undefined", backward=np.nan)))
    assert "wrong in 3 of 14 entries" in text
    assert "1 entry lies at the edge of the domain and was not judged: left nan, right 1" in text
    weighted = replace(KINK, output=None)
    assert "(of the weighted sum of the outputs)" in replace(WRONG, kinks=1, kink=weighted).remarks[0]
    assert "weighted" not in replace(WRONG, kinks=1, kink=weighted, output_shapes=((),)).remarks[0]


def test_nothing_is_claimed_where_nothing_was_judged():
    assert "nothing could be judged, all 2 entries had to be left out" in str(REPORTS["only kinks"])
    assert str(REPORTS["empty"]) == "gradient: nothing to check, the inputs are empty"
    for name in ("only kinks", "empty"):
        assert "agrees" not in str(REPORTS[name])
        assert "✓" not in to_html(REPORTS[name])


def test_broken_rules_are_named_beside_right_numbers():
    text = str(RULES)
    assert "agrees with central differences in all 15 entries" in text
    assert "but breaks 2 other rules" in text
    assert text.count("x was written into") == 1  # as a finding, and not again as the cause
    assert "  float32: off by 3e-3 in single precision" in text


def test_higher_orders_say_what_was_differentiated():
    text = str(REPORTS["wrong in second order"])
    assert text.startswith("second derivative of huber")
    assert "worst: d (d / d x[2]) / d x[0, 1]" in text
    assert "Lower orders are right. The gradient of the weighted sum of the squared outputs" in text
    assert str(REPORTS["nothing known"]).startswith("derivative of order 3 is wrong in 1 of 5 entries")


def test_one_sided_differences_are_shown_where_they_matter():
    assert "from the left" not in str(WRONG)
    assert "from the left" in str(NOISY)
    assert "from the left" in str(replace(WRONG, cause=Cause("kink", CAUSES["kink"])))


def test_a_random_direction_is_called_so():
    report = replace(WRONG, worst=entry(3.0, 2.0, output=None), checked=3, failed=1)
    assert "1 of 3 directions" in str(replace(report, worst=replace(report.worst, input=-1, index=())))


def test_several_outputs_are_told_apart():
    assert "d outputs[0][2] / d" in str(replace(WRONG, output_shapes=((3,), ())))
    assert "d (weighted sum of all outputs) / d" in str(replace(WRONG, worst=entry(3.0, 2.0, output=None)))


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        (np.ones((2, 3), bool), "x (6 of 6)"),
        (np.eye(5, dtype=bool)[2], "x[2] (1 of 5)"),
        (np.arange(6) < 2, "x[:2] (2 of 6)"),
        (np.arange(6) > 2, "x[3:] (3 of 6)"),
        (np.arange(6) % 2 == 0, "x[[0, 2, 4]] (3 of 6)"),
        (np.eye(5, dtype=bool), "x[0, 0], [1, 1], [2, 2], … (5 of 25)"),
        (np.array(True), "x (1 of 1)"),
    ],
)
def test_wrong_entries_are_named_by_rows_and_columns_if_they_fill_them(marked, words):
    assert replace(WRONG, wrong=(marked,)).wrong_entries() == [words]


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_fits_on_a_screen(name):
    lines = str(REPORTS[name]).splitlines()
    assert max(map(len, lines)) <= 100
    assert len(lines) <= (30 if name != "long" else 40)


def test_a_long_reproduction_is_pointed_at():
    assert "to reproduce: print(report.reproduction), 120 lines" in str(LONG)


def test_only_the_numbers_decide_whether_reports_are_equal():
    assert replace(WRONG, wrong=(), reproduction="", inputs=(np.ones(3),)) == WRONG
    assert replace(WRONG, failed=4) != WRONG


# --- HTML -------------------------------------------------------------------------------------------------------------

VOID = {"br", "hr", "img", "input", "meta", "link"}


class Outline(HTMLParser):
    """The tags that are open, and what was met."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data if "style" not in self.open else ""


def outline(report):
    parser = Outline()
    parser.feed(report._repr_html_())
    parser.close()
    return parser


@pytest.mark.parametrize("name", REPORTS)
def test_html_is_closed_and_needs_nothing_else(name):
    found = outline(REPORTS[name])
    assert not found.open
    assert not {"script", "img", "link", "iframe"} & set(found.tags)
    assert not any(key.startswith("on") or key in ("href", "src", "id") for key, _ in found.attributes)
    assert "url(" not in to_html(REPORTS[name])
    assert REPORTS[name].verdict in found.text


@pytest.mark.parametrize("name", REPORTS)
def test_the_style_reaches_nothing_outside(name):
    (style,) = re.findall(r"<style>(.*?)</style>", to_html(REPORTS[name]), re.DOTALL)
    for selectors in re.findall(r"([^{}]+)\{(?!\.)", style):
        for selector in selectors.split(","):
            assert ".ag-gradcheck" in selector or "@media" in selector, selector


def test_names_are_escaped():
    found = outline(REPORTS["lambda"])
    assert "gradient of <lambda> (losses.py:12)" in found.text
    assert "a < b & c" in found.text
    assert "d output[2] / d <b>&\"'[0, 1]" in found.text
    assert "b" not in found.tags


@pytest.mark.parametrize("name", REPORTS)
def test_views_of_equal_reports_are_equal(name):
    report = REPORTS[name]
    again = replace(report, labels=tuple(report.labels))
    assert (to_html(report), str(report)) == (to_html(again), str(again))


def test_pictures_have_words_and_plotted_numbers_stay_inside():
    html = to_html(WRONG)
    pictures = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(pictures) == 2
    assert all(re.match(r'<svg role="img" [^>]*aria-label="[^"]{10,}"', picture) for picture in pictures)
    assert "estimated error between" in pictures[0]
    assert pictures[0].count("<circle") == 9 + 2  # the steps, and the legend
    width, height = (float(re.search(rf'{name}="(\d+)"', pictures[0])[1]) for name in ("width", "height"))
    for x, y in re.findall(r'cx="([\d.-]+)" cy="([\d.-]+)"', pictures[0]):
        assert 0 <= float(x) <= width
        assert 0 <= float(y) <= height
    assert pictures[1].count("h12v12") == 12
    assert "wrong entries: x[:, 1] (3 of 12)" in pictures[1]


def test_a_difference_of_zero_has_a_place_on_a_logarithmic_axis():
    numeric = WRONG.worst.sweep[3].numeric
    html = to_html(replace(WRONG, worst=replace(WRONG.worst, analytic=numeric)))
    assert "inf" not in html
    assert "nan" not in html


def test_large_inputs_are_described_and_not_drawn():
    html = to_html(REPORTS["large"])
    assert "(100 of 10,000)" in html
    assert len(html) < 60_000
    assert "[1, 2]</text>" in html  # a block of the four-dimensional one


# --- reproduction -----------------------------------------------------------------------------------------------------


def run(code):
    """What a reproduction assigns, and what it calls gradcheck with."""
    called = {}

    def gradcheck(*arguments, **options):
        called.update(arguments=arguments, options=options)

    names = {"gradcheck": gradcheck}
    exec(code.replace("from autograd_core.testing import gradcheck\n", ""), names)
    return names, called


def same(a, b):
    """Of the same types, and the same bit for bit."""
    assert type(a) is type(b)
    if isinstance(a, ag.Tensor):
        assert a.requires_grad == b.requires_grad
        a, b = a.detach().data, b.detach().data
    if isinstance(a, np.ndarray | np.generic):
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, list | tuple):
        for x, y in zip(a, b, strict=True):
            same(x, y)
    else:
        assert a == b or (a != a and b != b)


RNG = np.random.default_rng(0)
ARGUMENTS = {
    "numbers": RNG.normal(size=(3, 4)),
    "wide": RNG.normal(size=(2, 2, 20)),
    "single": RNG.normal(size=20).astype(np.float32),
    "half": RNG.normal(size=20).astype(np.float16),
    "long double": RNG.normal(size=3).astype(np.longdouble) / 3,
    "big-endian": np.array([0.1, -7.0], dtype=">f8"),
    "extremes": np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, 1.7976931348623157e308]),
    "signed nan": np.array([-np.nan, np.nan, 1.0]),
    "0-d": np.array(-0.0),
    "0-d single": np.array(0.1, dtype=np.float32),
    "size 0": np.empty((0, 3)),
    "size 0 single": np.empty((2, 0), dtype=np.float32),
    "size 0 booleans": np.empty(0, dtype=bool),
    "zeros": np.zeros((50, 50)),
    "minus zeros": np.full((2, 2), -0.0),
    "constant": np.full((30, 30), 0.1, dtype=np.float32),
    "integers": np.arange(-3, 3),
    "small integers": np.array([[1, 255]], dtype=np.uint8),
    "booleans": np.array([True, False]),
    "complex": np.array([complex(-0.0, 1), complex(np.nan, -np.inf)]),
    "text": np.array(["a", "it's"]),
    "columns first": np.asfortranarray(RNG.normal(size=(3, 2))),
    "reversed": RNG.normal(size=4)[::-1],
    "scalar": np.float32(0.1),
    "number": 0.1,
    "special": float("nan"),
    "int": 3,
    "string": "sum, \n'mean'",
    "none": None,
    "tensor": ag.Tensor([0.1, np.nan], requires_grad=True),
    "constant tensor": ag.Tensor(np.float32(0.3)),
    "nested": {"w": [RNG.normal(size=(2, 30)), (np.float64(0.1),)], 3: {"b": (), "c": [None, True]}},
    "named tuple": Pair(np.ones(2), [1.5]),
    "slice": slice(None, 3),
    "function": np.sin,
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_the_reproduction_rebuilds_its_arguments_bit_for_bit(name):
    argument = ARGUMENTS[name]
    code = reproduce("numpy.tanh", "numpy", [argument, [argument]], {"order": 2})
    _, called = run(code)
    assert called["arguments"][0] is np.tanh
    assert called["options"] == {"order": 2}
    if callable(argument):
        assert called["arguments"][1] is argument
    else:
        same([argument, [argument]], list(called["arguments"][1:]))
    if isinstance(argument, np.ndarray):
        assert called["arguments"][1].flags.f_contiguous >= argument.flags.f_contiguous


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_reproduction_is_not_wide(name):
    code = reproduce("numpy.tanh", "numpy", [ARGUMENTS[name]] * 20, {"skip": ("mutation", "aliasing", "layout")})
    assert max(map(len, code.splitlines())) <= 96
    compile(code, "reproduction", "exec")


def test_single_precision_is_written_as_short_as_it_is():
    assert "np.array([0.1, 0.3], dtype=np.float32)" in reproduce("numpy.sin", "", [np.float32([0.1, 0.3])], {})


def test_a_matrix_stands_in_rows():
    code = reproduce("numpy.sin", "", [np.arange(60.0).reshape(10, 6) / 8], {})
    assert sum(line.startswith("    [") and line.endswith("],") for line in code.splitlines()) == 10


def test_an_array_given_twice_is_the_same_array_again():
    x = RNG.normal(size=3)
    _, called = run(reproduce("numpy.add", "", [x, x], {}))
    assert called["arguments"][1] is called["arguments"][2]


@pytest.mark.parametrize("name", ["<lambda>", "m.test.<locals>.inner", "__main__.loss", "__main__:loss", "", "class"])
def test_a_function_that_cannot_be_imported_leaves_a_place_for_it(name):
    code = reproduce(name, "losses.py:12", [np.ones(3)], {})
    names, called = run(code)
    assert called["arguments"][0] is ...
    assert "losses.py:12 cannot be imported: put it in place of the dots" in code
    assert ... in names.values()


def test_functions_are_imported_from_where_they_are():
    _, called = run(reproduce("numpy.linalg.norm", "", [1.0], {}))
    assert called["arguments"][0] is np.linalg.norm
    _, called = run(reproduce("autograd_core:Tensor.sum", "", [1.0], {}))
    assert called["arguments"][0] is ag.Tensor.sum
    _, called = run(reproduce(["numpy.sin", "autograd_core.sin"], "", [1.0], {}))  # a pair, of one name
    assert called["arguments"][0] == (np.sin, ag.sin)


def test_what_cannot_be_written_down_is_said():
    code = reproduce("numpy.sin", "", [object()], {"rng": np.random.default_rng(0), "order": 2})
    _, called = run(code)
    assert called["arguments"][1] is ...
    assert called["options"] == {"order": 2}
    assert "# an object of type builtins.object: put it in place of the dots" in code
    assert "# rng, an object of type numpy.random._generator.Generator, is left out" in code


def test_large_arrays_come_from_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    large, labels = RNG.normal(size=PRINTED + 1).astype(np.float32), np.arange(PRINTED + 1)
    arguments = ({"file": large, "small": np.ones(2)}, [labels], ag.Tensor(large, requires_grad=True))
    code = reproduce("numpy.sin", "", arguments, {})
    assert len(code) < 1000
    assert 'report.save_inputs("gradcheck-inputs.npz")' in code
    replace(WRONG, arguments=arguments).save_inputs("gradcheck-inputs.npz")
    names, called = run(code)
    names["saved"].close()
    same(list(arguments), list(called["arguments"][1:]))


def test_arrays_of_functions_that_were_not_kept_are_saved_too(tmp_path):
    replace(WRONG, inputs=(np.ones(3),)).save_inputs(tmp_path / "inputs.npz")
    with np.load(tmp_path / "inputs.npz") as saved:
        assert np.array_equal(saved["argument0"], np.ones(3))
