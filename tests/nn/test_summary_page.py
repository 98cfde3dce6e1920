"""A summary that fails names the layer and shows the table up to it; as HTML it is whole, plain and safe."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import autograd_core as ag
import nn
from nn.models import lenet


class Own(nn.Module):
    """A module whose forward is a given function of its input."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def refusal(*args, **options):
    with pytest.raises(ag.AutogradError) as caught:
        nn.summary(*args, **options)
    return caught.value


# --- failures ---------------------------------------------------------------------------------------------------------


def test_a_failure_names_the_layer_what_it_was_given_and_what_the_model_was_given():
    error = refusal(lenet((1, 28, 28), 10, rng=0), (1, 20, 20))
    assert type(error) is ag.ShapeError
    assert str(error).startswith(
        "summary: the forward pass failed in 7 (Linear), which was given (1, 64): linear: x has 64 features but weight "
        "expects 256"
    )
    assert str(error).endswith(
        "The model was given (1, 1, 20, 20); input_shape is that of one sample, and batch_size comes before it."
    )


def test_a_failure_shows_the_table_up_to_the_layer():
    table = refusal(lenet((1, 28, 28), 10, rng=0), (1, 20, 20)).__notes__[0].splitlines()
    assert len(table) == 2 + 1 + 8 + 1
    assert re.match(r"├─ 6: Flatten +\(1, 16, 2, 2\) +\(1, 64\) ", table[-3])
    assert re.match(r"└─ 7: Linear \(failed here\) +\(1, 64\) +- ", table[-2])


def test_a_shape_with_the_batch_axis_is_explained():
    error = refusal(nn.Conv2d(1, 2, 3, rng=0), (8, 1, 28, 28))
    assert "x must have 4 axes, got shape (1, 8, 1, 28, 28)" in str(error)
    assert "input_shape is that of one sample" in str(error)


def test_given_arrays_get_no_advice_about_shapes():
    assert "of one sample" not in str(refusal(nn.Linear(3, 2, rng=0), input_data=np.ones((1, 4), np.float32)))


def test_an_error_of_the_users_own_is_named_and_kept():
    def fails(x):
        raise KeyError("no such head")

    error = refusal(nn.Sequential(nn.Identity(), nn.Sequential(Own(fails))), (3,))
    assert "failed in 1.0 (Own), which was given (1, 3): KeyError: 'no such head'. " in str(error)
    assert isinstance(error.__cause__, KeyError)
    assert [line.partition(" (1, 3)")[0].rstrip() for line in error.__notes__[0].splitlines()[-3:-1]] == [
        "└─ 1: Sequential",
        "   └─ 0: Own (failed here)",
    ]


def test_an_interruption_is_passed_on():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nn.summary(Own(interrupted), (3,))


def test_an_error_that_the_model_handles_is_no_failure():
    inner = nn.Linear(5, 5, rng=0)

    class Careful(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            try:
                return self.inner(x)
            except ag.ShapeError:
                return x

    result = nn.summary(Careful(), (3,))
    assert result.output_shape == (1, 3)
    assert result.layers[1].marks == ("failed here",)


# --- HTML -------------------------------------------------------------------------------------------------------------


class Structure(HTMLParser):
    """Collects tags and text, and sees to it that every tag is closed."""

    VOID = ("meta", "br")

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def parsed(html):
    structure = Structure()
    structure.feed(html)
    assert structure.open == []
    return structure


def test_html_has_a_row_for_each_line_and_the_same_numbers():
    result = nn.summary(lenet((1, 28, 28), 10, rng=0), (1, 28, 28))
    page = parsed(result._repr_html_())
    assert page.tags.count("tr") == 1 + len(result.layers) + 1
    for shown in ("86,400", "153,600", "30,840", "281,640", "44,426", *result.totals()):
        assert shown in page.text


def test_a_saved_page_is_whole_and_fetches_nothing(tmp_path):
    result = nn.summary(nn.Sequential(nn.Linear(3, 2, rng=0)), (3,))
    path = result.save(tmp_path / "new" / "summary.html")
    content = path.read_text(encoding="utf-8")
    page = parsed(content)
    assert content.startswith("<!doctype html>")
    assert not {"script", "link", "img", "iframe"} & {*page.tags}
    assert "http" not in content
    assert "@import" not in content
    assert "prefers-color-scheme: dark" in content


def test_a_saved_text_is_the_table(tmp_path):
    result = nn.summary(nn.Linear(3, 2, rng=0), (3,))
    assert result.save(str(tmp_path / "summary.txt")).read_text(encoding="utf-8") == f"{result}\n"
    with pytest.raises(ag.OptionError, match=r"must end in .html or .txt"):
        result.save(tmp_path / "summary.pdf")


def test_names_are_shown_as_they_are_and_never_run():
    evil = type("<script>alert(1)</script>", (nn.Linear,), {})
    result = nn.summary(nn.Sequential({"<b>&": evil(3, 2, rng=0)}), (3,))
    page = parsed(result._repr_html_())
    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in "".join(page.text)


def test_the_same_model_gives_the_same_page():
    first, second = (nn.summary(lenet((1, 28, 28), 10, rng=0), (1, 28, 28)) for _ in range(2))
    assert first == second
    assert first._repr_html_() == second._repr_html_()


def test_html_falls_back_to_the_text(monkeypatch):
    result = nn.summary(nn.Linear(3, 2, rng=0), (3,))
    monkeypatch.setattr("nn.summary_page._body", lambda summary: 1 / 0)
    assert result._repr_html_() == f"<pre>{result}</pre>"
