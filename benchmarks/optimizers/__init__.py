"""Every optimizer and scheduler beside its namesake in PyTorch, on random settings: parameters, state, rates.

``python -m benchmarks.optimizers [--only Adam,StepLR] [--settings N]``
"""
