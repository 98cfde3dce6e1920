"""Does every operation compute what PyTorch's computes? Values, first and second derivatives, on PyTorch's own samples.

PyTorch keeps a table of its operations with sample inputs for each (`op_db`), which its own tests read. Here each entry
that has a counterpart is called on both sides with the same numbers. `python -m benchmarks.agreement` runs it all,
writes docs/agreement.md, and fails where two numbers differ and nobody has said why.
"""
