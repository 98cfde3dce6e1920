"""How a cotangent goes back along an argument of an operation, as a formula in words and in LaTeX.

Derived from the rules themselves, so that nothing is written twice: `rules` finds the expression that a rule is,
`simplified` gives it the shape of the textbook, `latex` prints it. What is code rather than an expression is said by
hand in `said`. Knows operations, and nodes only by their shapes; computes nothing.

In words `g` is the cotangent of the result, `out` the result, and the arguments go by their names; what is a formula is
also a Python expression. In LaTeX the result is y, and a bar marks a cotangent.
"""

from .formula import Formula, bare, expression_at, rule_at, rule_of, transposes

__all__ = ["Formula", "bare", "expression_at", "rule_at", "rule_of", "transposes"]
