"""Every layer and loss beside its namesake in PyTorch: outputs, gradients, buffers, in float64.

``python -m benchmarks.layers [--only Conv2d,LSTM] [--settings N] [--no-samples]``
"""
