"""Scripts of A. Damien's *TensorFlow-Examples*, written anew with `nn`, and what they reach on MNIST.

`scripts` has them, `python -m tensorflow_examples` runs them, and `results.json` is what came of it.
Source: https://github.com/aymericdamien/TensorFlow-Examples
"""
