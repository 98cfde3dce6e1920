"""Peak bytes of one training step beside PyTorch's, and what they are spent on.

``python -m benchmarks.memory`` runs each row (`rows.py`) with each library in a fresh process under an allocator that
counts (`counter.c`), so that all libraries are measured by the same means, whatever they allocate with. The peak is the
most bytes held at any moment of a step, less those held before the problem was made, and less its parameters,
optimizer state and data, which are the same for all: what is left is what the step itself costs, with everything that
a library keeps for its next step. Code and caches of a library do not count: a first instance of the problem has
loaded and warmed them, and is gone before the second one is measured.
"""
