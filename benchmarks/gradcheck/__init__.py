"""Does the gradient check find what it must, and nothing else? A self-test of autograd_core.testing, beside two others.

Wrong derivatives of many kinds must be caught and their causes named; right ones must pass on every input drawn.
`python -m benchmarks.gradcheck` runs it all and writes docs/gradcheck-selftest.md.
"""
