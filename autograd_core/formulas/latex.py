"""Python expressions of arrays as LaTeX, in what both MathJax and matplotlib understand.

Products are of elements where arrays meet, and written with a dot in a circle; matrices stand side by side.
"""

import ast
from collections.abc import Iterable, Mapping
from functools import lru_cache

from .simplified import factors

Expression = ast.expr

_SUM, _PRODUCT, _POWER, _ATOM = range(4)

_FUNCTIONS = {
    **{name: rf"\{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "log", "arcsin", "arccos")},
    **{name: rf"\{name}" for name in ("arctan", "max", "min")},
    "maximum": r"\max",
    "minimum": r"\min",
    "sigmoid": r"\sigma",
    "digamma": r"\psi",
    "gammaln": r"\log \Gamma",
    "ndtr": r"\Phi",
    "gamma": r"\Gamma",
    "beta": r"\mathrm{B}",
}
_ORDERED = {"iv": "I", "jv": "J", "ive": r"\tilde{I}", "polygamma": r"\psi", "sinc_derivative": r"\mathrm{sinc}"}
_ORDERED |= {"i0_derivative": "I_0"}
_NUMBERED = {"j0": "J_{0}", "j1": "J_{1}", "y0": "Y_{0}", "y1": "Y_{1}", "i0": "I_{0}", "i1": "I_{1}"}
_NUMBERED |= {"i0e": r"\tilde{I}_{0}", "i1e": r"\tilde{I}_{1}"}
_COMPARED = {
    ast.Eq: "=",
    ast.NotEq: r"\neq",
    ast.Lt: "<",
    ast.LtE: r"\leq",
    ast.Gt: ">",
    ast.GtE: r"\geq",
}
_GREEK = {"pi": r"\pi", "alpha": r"\alpha", "beta": r"\beta", "delta": r"\delta", "sigma": r"\sigma"}
_SYMBOLS = {"weight": "W", "bias": "b", "logits": "z", "labels": "p", "condition": "c"}


@lru_cache(maxsize=4096)
def symbol(name: str) -> str:
    """The symbol of an argument: itself if it is one letter, a usual one, or its name upright."""
    if len(name) == 1:
        return name
    if name.startswith("sum over "):
        return rf"\sum_{{\mathrm{{{_plain(name[9:])}}}}}"
    if name in _SYMBOLS or name in _GREEK:
        return _SYMBOLS.get(name) or _GREEK[name]
    letter, number = name[:1], name[1:]
    if number.isdigit():
        return f"{letter}_{{{number}}}"
    head, _, tail = name.partition("_")
    if len(head) == 1 and tail:
        return rf"{head}_{{\mathrm{{{tail}}}}}"
    return rf"\mathrm{{{_plain(name.replace('_', ' ').strip())}}}"


def barred(name: str) -> str:
    """The symbol of a cotangent: that of a value with a bar, over its letter, or over all of a longer name.

    >>> barred("x"), barred("v12"), barred("loss")
    ('\\\\bar{x}', '\\\\bar{v}_{12}', '\\\\overline{\\\\mathrm{loss}}')
    """
    whole = symbol(name)
    letter, subscript = whole[:1], whole[1:]
    if letter.isalpha() and (not subscript or subscript.startswith("_")):
        return rf"\bar{{{letter}}}{subscript}"
    return rf"\overline{{{whole}}}"


def latex_of(expression: Expression, arguments: Iterable[str] = (), symbols: Mapping[str, str] | None = None) -> str:
    """An expression in LaTeX. The result is y, or z where an argument has that name, and its cotangent has a bar.

    >>> latex_of(ast.parse("g * (1 - out * out)", mode="eval").body)
    '\\\\bar{y} \\\\odot (1 - y \\\\odot y)'
    """
    result = result_symbol(arguments)
    return _Printer({"g": rf"\bar{{{result}}}", "out": result, **(symbols or {})}).text(expression)


def result_symbol(arguments: Iterable[str]) -> str:
    """The symbol of the result of an operation on these arguments."""
    return "z" if "y" in tuple(arguments) else "y"


class _Printer:
    def __init__(self, symbols: Mapping[str, str]) -> None:
        self.symbols = symbols

    def text(self, e: Expression, least: int = _SUM) -> str:
        """An expression, in parentheses if it binds less than what stands around it."""
        text, binds = self._printed(e)
        return text if binds >= least else _in_parentheses(text)

    def _printed(self, e: Expression) -> tuple[str, int]:
        match e:
            case ast.Name(id=name):
                return self.symbols.get(name) or symbol(name), _ATOM
            case ast.Constant(value=value):
                return _number(value), _ATOM
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"-{self.text(operand, _PRODUCT)}", _SUM
            case ast.UnaryOp(op=ast.Invert() | ast.Not(), operand=operand):
                return rf"\neg {self.text(operand, _ATOM)}", _POWER
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return f"{self.text(left)} + {self.text(right, _PRODUCT)}", _SUM
            case ast.BinOp(op=ast.Sub(), left=left, right=right):
                return f"{self.text(left)} - {self.text(right, _PRODUCT)}", _SUM
            case ast.BinOp(op=ast.Mult() | ast.Div()):
                return self._product(e)
            case ast.BinOp(op=ast.MatMult(), left=ast.UnaryOp(op=ast.USub(), operand=left), right=right):
                return f"-{self.text(left, _PRODUCT)} {self.text(right, _PRODUCT)}", _SUM
            case ast.BinOp(op=ast.MatMult(), left=left, right=right):
                return f"{self.text(left, _PRODUCT)} {self.text(right, _PRODUCT)}", _PRODUCT
            case ast.BinOp(op=ast.Pow(), left=left, right=right):
                return f"{self.text(left, _ATOM)}^{{{self.text(right)}}}", _POWER
            case ast.BinOp(op=ast.BitAnd(), left=left, right=right):
                return rf"{self.text(left)} \wedge {self.text(right)}", _SUM
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return rf"{self.text(left)} \vee {self.text(right)}", _SUM
            case ast.Compare(left=left, ops=ops, comparators=others):
                pairs = zip(ops, others, strict=True)
                said = "".join(f" {_COMPARED[type(op)]} {self.text(other)}" for op, other in pairs)
                return f"[{self.text(left)}{said}]", _ATOM  # Iverson's bracket: 1 where it holds, 0 elsewhere
            case ast.Attribute(value=value, attr="T"):
                return rf"{self.text(value, _ATOM)}^{{\top}}", _POWER
            case ast.Attribute(value=value, attr=name):
                return rf"\mathrm{{{name}}}({self.text(value)})", _ATOM
            case ast.Subscript(value=value, slice=index):
                return f"{self.text(value, _ATOM)}_{{{self.text(index)}}}", _ATOM
            case ast.Tuple(elts=elements):
                return ", ".join(map(self.text, elements)), _SUM
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
                return self._call(name, arguments, {k.arg or "": k.value for k in keywords})
        return rf"\mathrm{{{_plain(ast.unparse(e))}}}", _ATOM

    def _product(self, e: Expression) -> tuple[str, int]:
        sign, above, below = factors(e)
        if below:
            text = rf"\frac{{{self._factors(above)}}}{{{self._factors(below)}}}"
        else:
            text = self._factors(above)
        return (f"-{text}", _SUM) if sign < 0 else (text, _PRODUCT)

    def _factors(self, of: list[Expression]) -> str:
        of = [f for f in of if not (isinstance(f, ast.Constant) and f.value == 1)] or of[:1]
        if len(of) == 1:
            return self.text(of[0])
        numbers = [f for f in of if _is_number(f)]
        arrays = [f for f in of if not _is_number(f)]
        product = r" \odot ".join(self.text(f, _ATOM if _is_matmul(f) else _PRODUCT) for f in arrays)
        return r"\,".join([*(self.text(f, _PRODUCT) for f in numbers), *([product] if arrays else [])])

    def _call(self, name: str, arguments: list[Expression], options: dict[str, Expression]) -> tuple[str, int]:
        if not arguments:
            return rf"\mathrm{{{_plain(name)}}}()", _ATOM
        x, rest = arguments[0], arguments[1:]
        if name == "exp":
            return f"e^{{{self.text(x)}}}", _POWER
        if name == "expm1":
            return f"e^{{{self.text(x)}}} - 1", _SUM
        if name == "log1p":
            return rf"\log{_in_parentheses(f'1 + {self.text(x)}')}", _POWER
        if name == "sqrt":
            return rf"\sqrt{{{self.text(x)}}}", _ATOM
        if name == "hypot":
            other = self.text(rest[0], _ATOM)
            return rf"\sqrt{{{self.text(x, _ATOM)}^{{2}} + {other if other == '1' else other + '^{2}'}}}", _ATOM
        if name in ("abs", "absolute"):
            return f"|{self.text(x)}|", _ATOM
        if name == "sum":
            axis = options.get("axis", rest[0] if rest else None)
            below = "" if axis is None else rf"_{{\mathrm{{axis}}\ {self.text(axis)}}}"
            below = r"_{\mathrm{axis}}" if isinstance(axis, ast.Name) else below
            return rf"\sum{below} {self.text(x, _PRODUCT)}", _PRODUCT
        if name == "mean":
            return rf"\mathrm{{mean}}({self.text(x)})", _ATOM
        if name == "floor_divide":
            return rf"\lfloor {self.text(x, _PRODUCT)} / {self.text(rest[0], _ATOM)} \rfloor", _ATOM
        if name == "where" and len(arguments) == 3:
            return self._where(x, *rest)
        if name in _ORDERED and rest:
            order, at = (rest[0], x) if name.endswith("_derivative") else (x, rest[0])
            mark = (
                rf"^{{({self.text(order)})}}" if name.endswith(("_derivative", "gamma")) else f"_{{{self.text(order)}}}"
            )
            return f"{_ORDERED[name]}{mark}({self.text(at)})", _ATOM
        if name.endswith("'"):
            function = _FUNCTIONS.get(name[:-1]) or rf"\mathrm{{{_plain(name[:-1])}}}"
            return f"{function}'{_in_parentheses(self.text(x))}", _ATOM
        if name.startswith("sum over "):
            return rf"{symbol(name)} {self.text(x, _PRODUCT)}", _PRODUCT
        if name.startswith("VJP of "):
            return rf"J_{{\mathrm{{{_plain(name[7:])}}}}}^{{\top}}{_in_parentheses(self.text(x))}", _ATOM
        if name.endswith("_derivative"):
            return f"{_ORDERED[name]}'({self.text(x)})", _ATOM
        function = _FUNCTIONS.get(name) or _NUMBERED.get(name) or rf"\mathrm{{{_plain(name)}}}"
        given = ", ".join(self.text(a) for a in (*arguments, *options.values()))
        return f"{function}{_in_parentheses(given)}", _POWER

    def _where(self, condition: Expression, yes: Expression, no: Expression) -> tuple[str, int]:
        holds = self.text(condition)
        holds = holds if isinstance(condition, ast.Compare) else f"[{holds}]"
        if isinstance(no, ast.Constant) and no.value == 0:
            return rf"{holds}\,{self.text(yes, _PRODUCT)}", _PRODUCT
        if isinstance(yes, ast.Constant) and yes.value == 0:
            return rf"(1 - {holds})\,{self.text(no, _PRODUCT)}", _PRODUCT
        return rf"\mathrm{{where}}\left({holds}, {self.text(yes)}, {self.text(no)}\right)", _ATOM


def _in_parentheses(text: str) -> str:
    """Parentheses, as high as what is inside them."""
    high = r"\frac" in text or r"\sum" in text
    return rf"\left({text}\right)" if high else f"({text})"


def _is_number(e: Expression) -> bool:
    """Whether a factor is a number rather than an array, as far as its text tells."""
    match e:
        case ast.Constant():
            return True
        case ast.Name(id="pi" | "n" | "ddof"):
            return True
        case ast.BinOp(left=left, right=right):
            return _is_number(left) and _is_number(right)
        case ast.Call(args=arguments):
            return bool(arguments) and all(map(_is_number, arguments))
    return False


def _is_matmul(e: Expression) -> bool:
    return isinstance(e, ast.BinOp) and isinstance(e.op, ast.MatMult)


def _number(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    mantissa, e, exponent = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e and isinstance(value, float) else text


def _plain(text: str) -> str:
    """Text that has no meaning in LaTeX."""
    for sign in "\\{}$^~":
        text = text.replace(sign, "")
    for sign in "_%#&":
        text = text.replace(sign, rf"\{sign}")
    return text.replace(" ", r"\ ")
