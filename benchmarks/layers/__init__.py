"""Every layer and loss beside its namesake in PyTorch, on random settings: values, gradients, buffers.

``python -m benchmarks.layers [--only Conv2d,LSTM] [--settings N]``
"""
