"""What repr shows of layers and networks is what PyTorch shows, where both have the same to show.

That it gives the layer back is claimed of every layer in `test_conformance.py`.
"""

import numpy as np
import pytest

import nn
from nn import *  # noqa: F403 (the examples are written as both libraries write them)

# repr() of each in PyTorch 2.13.0, printed by a script that evaluates the left side with `from torch.nn import *`
AS_IN_PYTORCH = {
    "MaxPool1d(3, 1, 1)": "MaxPool1d(kernel_size=3, stride=1, padding=1, dilation=1, ceil_mode=False)",
    "MaxPool2d(2)": "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)",
    "MaxPool2d((2, 3), stride=(1, 2), padding=1)": (
        "MaxPool2d(kernel_size=(2, 3), stride=(1, 2), padding=1, dilation=1, ceil_mode=False)"
    ),
    "Dropout(0.25)": "Dropout(p=0.25, inplace=False)",
    "Linear(3, 2)": "Linear(in_features=3, out_features=2, bias=True)",
    "Linear(3, 2, bias=False)": "Linear(in_features=3, out_features=2, bias=False)",
    "Linear(3, 2, False)": "Linear(in_features=3, out_features=2, bias=False)",
    "Conv1d(4, 6, 3)": "Conv1d(4, 6, kernel_size=(3,), stride=(1,))",
    "Conv1d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2, bias=False)": (
        "Conv1d(4, 6, kernel_size=(3,), stride=(2,), padding=(1,), dilation=(2,), groups=2, bias=False)"
    ),
    "Conv2d(1, 6, 5)": "Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1))",
    "Conv2d(2, 4, (3, 5))": "Conv2d(2, 4, kernel_size=(3, 5), stride=(1, 1))",
    "Conv2d(2, 4, 3, padding=1)": "Conv2d(2, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))",
    "Conv2d(2, 4, 3, padding=(1, 0))": "Conv2d(2, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 0))",
    "Conv2d(2, 4, 3, padding=(0, 0))": "Conv2d(2, 4, kernel_size=(3, 3), stride=(1, 1))",
    "Conv2d(2, 4, 3, stride=(2, 1), dilation=2)": ("Conv2d(2, 4, kernel_size=(3, 3), stride=(2, 1), dilation=(2, 2))"),
    "Conv2d(2, 4, 3, dilation=(1, 1), groups=1)": "Conv2d(2, 4, kernel_size=(3, 3), stride=(1, 1))",
    "Conv3d(1, 2, 3)": "Conv3d(1, 2, kernel_size=(3, 3, 3), stride=(1, 1, 1))",
    "Conv3d(1, 2, 3, padding=(0, 1, 2), stride=2)": (
        "Conv3d(1, 2, kernel_size=(3, 3, 3), stride=(2, 2, 2), padding=(0, 1, 2))"
    ),
    "AvgPool1d(2)": "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))",
    "AvgPool1d(3, 2, 1)": "AvgPool1d(kernel_size=(3,), stride=(2,), padding=(1,))",
    "AvgPool2d(2)": "AvgPool2d(kernel_size=2, stride=2, padding=0)",
    "AvgPool2d((2, 3), stride=(1, 2), padding=1)": "AvgPool2d(kernel_size=(2, 3), stride=(1, 2), padding=1)",
    "AvgPool2d(3, 1, padding=(1, 0))": "AvgPool2d(kernel_size=3, stride=1, padding=(1, 0))",
    "Flatten()": "Flatten(start_dim=1, end_dim=-1)",
    "Flatten(0, 2)": "Flatten(start_dim=0, end_dim=2)",
    "Identity()": "Identity()",
    "ReLU()": "ReLU()",
    "Sigmoid()": "Sigmoid()",
    "Tanh()": "Tanh()",
    "ReLU(inplace=True)": "ReLU(inplace=True)",
    "ReLU6()": "ReLU6()",
    "LeakyReLU()": "LeakyReLU(negative_slope=0.01)",
    "LeakyReLU(0.2, inplace=True)": "LeakyReLU(negative_slope=0.2, inplace=True)",
    "RReLU()": "RReLU(lower=0.125, upper=0.3333333333333333)",
    "RReLU(0.1, 0.3, True)": "RReLU(lower=0.1, upper=0.3, inplace=True)",
    "ELU()": "ELU(alpha=1.0)",
    "ELU(0.5, True)": "ELU(alpha=0.5, inplace=True)",
    "CELU()": "CELU(alpha=1.0)",
    "SELU()": "SELU()",
    "GELU()": "GELU(approximate='none')",
    "GELU('tanh')": "GELU(approximate='tanh')",
    "SiLU()": "SiLU()",
    "Mish()": "Mish()",
    "Hardswish()": "Hardswish()",
    "Softplus()": "Softplus(beta=1.0, threshold=20.0)",
    "Softplus(2.0, 10.0)": "Softplus(beta=2.0, threshold=10.0)",
    "Threshold(1.0, 0.0)": "Threshold(threshold=1.0, value=0.0)",
    "LogSigmoid()": "LogSigmoid()",
    "Softsign()": "Softsign()",
    "Hardtanh()": "Hardtanh(min_val=-1.0, max_val=1.0)",
    "Hardtanh(-2.0, 0.5)": "Hardtanh(min_val=-2.0, max_val=0.5)",
    "Hardsigmoid()": "Hardsigmoid()",
    "Hardshrink()": "Hardshrink(0.5)",
    "Softshrink(1.0)": "Softshrink(1.0)",
    "Tanhshrink()": "Tanhshrink()",
    "Softmax()": "Softmax(dim=None)",
    "Softmin(1)": "Softmin(dim=1)",
    "Softmax2d()": "Softmax2d()",
    "GLU()": "GLU(dim=-1)",
    "CosineSimilarity()": "CosineSimilarity()",
    "PairwiseDistance()": "PairwiseDistance()",
    "L1Loss()": "L1Loss()",
    "SmoothL1Loss()": "SmoothL1Loss()",
    "HuberLoss()": "HuberLoss()",
    "GaussianNLLLoss()": "GaussianNLLLoss()",
    "PoissonNLLLoss()": "PoissonNLLLoss()",
    "KLDivLoss()": "KLDivLoss()",
    "MultiMarginLoss()": "MultiMarginLoss()",
    "MultiLabelMarginLoss()": "MultiLabelMarginLoss()",
    "MultiLabelSoftMarginLoss()": "MultiLabelSoftMarginLoss()",
    "SoftMarginLoss()": "SoftMarginLoss()",
    "HingeEmbeddingLoss()": "HingeEmbeddingLoss()",
    "MarginRankingLoss()": "MarginRankingLoss()",
    "CosineEmbeddingLoss()": "CosineEmbeddingLoss()",
    "TripletMarginLoss()": "TripletMarginLoss()",
    "TripletMarginWithDistanceLoss()": "TripletMarginWithDistanceLoss(\n  (distance_function): PairwiseDistance()\n)",
    "Softmax(dim=-1)": "Softmax(dim=-1)",
    "Softmax(0)": "Softmax(dim=0)",
    "LogSoftmax(1)": "LogSoftmax(dim=1)",
    "MSELoss()": "MSELoss()",
    "BCELoss()": "BCELoss()",
    "BCEWithLogitsLoss()": "BCEWithLogitsLoss()",
    "CrossEntropyLoss()": "CrossEntropyLoss()",
    "NLLLoss()": "NLLLoss()",
    "Sequential()": "Sequential()",
    "Sequential(Linear(3, 4), ReLU(), Linear(4, 2, bias=False))": """\
Sequential(
  (0): Linear(in_features=3, out_features=4, bias=True)
  (1): ReLU()
  (2): Linear(in_features=4, out_features=2, bias=False)
)""",
    "Sequential(Linear(3, 3), Linear(3, 3), Linear(3, 3))": """\
Sequential(
  (0): Linear(in_features=3, out_features=3, bias=True)
  (1): Linear(in_features=3, out_features=3, bias=True)
  (2): Linear(in_features=3, out_features=3, bias=True)
)""",
    "Sequential(dict([('first', Linear(3, 4)), ('act', Tanh())]))": """\
Sequential(
  (first): Linear(in_features=3, out_features=4, bias=True)
  (act): Tanh()
)""",
    "Sequential(Sequential(ReLU(), Flatten()), Sequential())": """\
Sequential(
  (0): Sequential(
    (0): ReLU()
    (1): Flatten(start_dim=1, end_dim=-1)
  )
  (1): Sequential()
)""",
}


@pytest.mark.parametrize("code", AS_IN_PYTORCH)
def test_repr_is_pytorchs(code):
    assert repr(eval(code)) == AS_IN_PYTORCH[code]


# what PyTorch shows differently, what is shown here, and why
OTHERWISE = {
    # PyTorch shows `padding=same` without quotation marks, which is no Python
    "Conv2d(2, 4, (3, 5), padding='same', dilation=(1, 2), groups=2, bias=False)": (
        "Conv2d(2, 4, kernel_size=(3, 5), stride=(1, 1), padding='same', dilation=(1, 2), groups=2, bias=False)"
    ),
    "Conv1d(4, 6, (3,), padding='valid')": "Conv1d(4, 6, kernel_size=(3,), stride=(1,), padding='valid')",
    # PyTorch shows `MSELoss()` whatever the reduction is, so that two that differ look alike
    "MSELoss(reduction='sum')": "MSELoss(reduction='sum')",
    "CrossEntropyLoss(reduction='none')": "CrossEntropyLoss(reduction='none')",
    "HuberLoss(delta=2.0)": "HuberLoss(delta=2.0)",
    "PairwiseDistance(1.0)": "PairwiseDistance(p=1.0)",
    "PReLU(3)": "PReLU(num_parameters=3, init=0.25)",
    # PyTorch has none of these
    "Step()": "Step()",
    "Maxout(3, 2)": "Maxout(in_features=3, out_features=2, pieces=2, bias=True)",
    "RBF(3, 2)": "RBF(in_features=3, out_features=2, sigma=1.0)",
    "QuadraticLoss()": "QuadraticLoss()",
    # PyTorch never shows the type of the numbers
    "Linear(3, 2, dtype=np.float64)": "Linear(in_features=3, out_features=2, bias=True, dtype='float64')",
}


@pytest.mark.parametrize("code", OTHERWISE)
def test_repr_differs_from_pytorchs_where_that_would_mislead(code):
    assert repr(eval(code)) == OTHERWISE[code]


class Extra(nn.Module):
    def __init__(self, text, child=False):
        super().__init__()
        self.text = text
        if child:
            self.inner = nn.ReLU()

    def extra_repr(self):
        return self.text


@pytest.mark.parametrize(
    ("text", "child", "shown"),
    [  # all as in PyTorch 2.13.0
        ("a=1", False, "Extra(a=1)"),
        ("a=1\nb=2", False, "Extra(\n  a=1\n  b=2\n)"),
        ("a=1", True, "Extra(\n  a=1\n  (inner): ReLU()\n)"),
        ("a=1\nb=2", True, "Extra(\n  a=1\n  b=2\n  (inner): ReLU()\n)"),
    ],
)
def test_extra_repr_may_have_several_lines(text, child, shown):
    assert repr(Extra(text, child)) == shown


class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.linear, self.act = nn.Linear(n, n, rng=0), nn.ReLU()


def test_what_is_alike_in_a_list_is_shown_once_with_its_count():
    """PyTorch shows `(0-11): 12 x Block(` in a ModuleList; here lists have no class, and paths name what is in them."""
    net = nn.Module()
    net.blocks = [Block(3) for _ in range(12)]
    net.mixed = [nn.ReLU(), nn.ReLU(), nn.Tanh(), nn.ReLU()]
    net.heads = {"a": nn.ReLU(), "b": nn.ReLU()}
    net.left, net.right = nn.ReLU(), nn.ReLU()
    assert repr(net) == (
        "Module(\n"
        "  (blocks.0-11): 12 x Block(\n"
        "    (linear): Linear(in_features=3, out_features=3, bias=True)\n"
        "    (act): ReLU()\n"
        "  )\n"
        "  (mixed.0-1): 2 x ReLU()\n"
        "  (mixed.2): Tanh()\n"
        "  (mixed.3): ReLU()\n"
        "  (heads.a): ReLU()\n"
        "  (heads.b): ReLU()\n"
        "  (left): ReLU()\n"
        "  (right): ReLU()\n"
        ")"
    )


def test_two_lists_are_not_run_together():
    net = nn.Module()
    net.first, net.second = [nn.ReLU()], [nn.ReLU(), nn.ReLU()]
    assert repr(net) == "Module(\n  (first.0): ReLU()\n  (second.0-1): 2 x ReLU()\n)"


def test_a_module_that_knows_its_parent_is_shown():
    net = nn.Module()
    net.child = nn.Module()
    net.child.parent = net
    assert repr(net) == "Module(\n  (child): Module(\n    (parent): ...\n  )\n)"


def test_the_type_of_the_numbers_is_shown_where_it_is_not_the_default():
    assert repr(nn.Conv1d(1, 1, 1, dtype=np.float64)).endswith("dtype='float64')")
