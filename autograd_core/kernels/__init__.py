"""Machine code, made when it is first needed, where llvmlite is installed (extra `fast`); NumPy alone is always right.

Each file makes one kind of kernel. Nothing here knows Tensors, graphs or operations.
"""
