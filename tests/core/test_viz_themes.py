"""Colours of pictures: text that can be read on all of them, and a scale that goes evenly from dark to light."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from pictures import everything

from autograd_core.viz.picture import KINDS, Picture
from autograd_core.viz.themes import (
    SHAPES,
    TEXT_CONTRAST,
    THEMES,
    colour_at,
    colour_of_norm,
    contrast,
    ink,
    lightness,
    norms,
)

themes = pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
fractions = np.linspace(0, 1, 51)
colours = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")

# how the colour-blind see linear RGB: G. Machado, M. Oliveira, L. Fernandes, A physiologically-based model for
# simulation of color vision deficiency, IEEE TVCG 15 (2009), severity 1.0
BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def seen(colour, matrix):
    """CIE lightness of a colour as somebody sees it, computed apart from the code under test."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    y = np.clip(np.array(matrix) @ linear, 0, 1) @ [0.2126, 0.7152, 0.0722]
    return 116 * np.cbrt(y) - 16


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)  # the well-known grey that just fails
    assert lightness("#ffffff") == pytest.approx(100)
    assert lightness("#777777") == pytest.approx(50.03, abs=0.01)  # colorimetric tables


@themes
def test_text_can_be_read_on_all_it_stands_on(theme):
    for surface in (theme.background, theme.node, theme.group):
        for words in (theme.text, theme.muted, theme.wrong):
            assert contrast(words, surface) >= TEXT_CONTRAST
        for line in (theme.edge, *theme.borders.values()):
            assert contrast(line, surface) >= 3, "WCAG 2.1, section 1.4.11: what is no text"


@themes
def test_text_can_be_read_on_every_gradient(theme):
    for fraction in fractions:
        fill = colour_at(theme, fraction)
        assert contrast(ink(fill, theme.text), fill) >= TEXT_CONTRAST


@given(colours, colours)
def test_there_is_an_ink_for_every_colour(fill, wish):
    assert contrast(ink(fill, wish), fill) >= TEXT_CONTRAST


@themes
def test_the_scale_is_even_in_lightness_and_begins_and_ends_where_it_says(theme):
    heights = [lightness(colour_at(theme, fraction)) for fraction in fractions]
    even = heights[0] + fractions * (heights[-1] - heights[0])
    # channels are whole numbers, and between anchors sRGB is mixed, not lightness; an eye can tell a difference of 2
    np.testing.assert_allclose(heights, even, atol=2)
    assert abs(heights[-1] - heights[0]) > 35
    assert (colour_at(theme, 0), colour_at(theme, 1)) == (theme.scale[0], theme.scale[-1])
    assert colour_at(theme, -1) == theme.scale[0]
    assert colour_at(theme, 2) == theme.scale[-1]


@themes
@pytest.mark.parametrize("matrix", BLIND.values(), ids=list(BLIND))
def test_the_colour_blind_see_the_same_order(theme, matrix):
    heights = np.array([seen(colour_at(theme, fraction), matrix) for fraction in np.linspace(0, 1, 11)])
    steps = np.diff(heights) * np.sign(heights[-1] - heights[0])
    assert (steps > 1).all()


def test_print_is_black_and_white():
    theme = THEMES["print"]
    for colour in (theme.text, theme.background, theme.wrong, theme.edge, *theme.borders.values(), *theme.scale):
        assert len({colour[1:3], colour[3:5], colour[5:7]}) == 1


def test_kinds_differ_without_colours():
    assert set(SHAPES) == set(KINDS)
    assert len({tuple(sorted(shape.items())) for shape in SHAPES.values()}) == len(KINDS)


@given(st.floats(1e-300, 1e300), st.floats(1, 1e5), st.floats(0, 1))
def test_equal_ratios_of_norms_are_equally_far_apart(low, ratio, fraction):
    theme = THEMES["light"]
    high = low * ratio
    norm = low * ratio**fraction
    if math.isfinite(high) and ratio > 1.01:
        # a rounding of the logarithms moves a fraction by less than 1e-10 here, a channel by one at most
        got, want = colour_of_norm(theme, norm, (low, high)), colour_at(theme, fraction)
        assert all(abs(int(got[i : i + 2], 16) - int(want[i : i + 2], 16)) <= 1 for i in (1, 3, 5))


def test_one_norm_alone_has_the_middle_colour():
    assert colour_of_norm(THEMES["dark"], 3.0, (3.0, 3.0)) == colour_at(THEMES["dark"], 0.5)


def test_the_span_of_norms_leaves_out_what_is_zero_or_wrong():
    picture = everything()
    shown = [i.gradient for i in picture.items if i.gradient is not None and i.gradient.flag == ""]
    assert norms(picture) == (min(g.norm for g in shown), max(g.norm for g in shown))
    assert norms(Picture([])) is None
    assert norms(everything(gradients=False)) is None
