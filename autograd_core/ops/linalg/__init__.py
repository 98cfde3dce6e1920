"""Linear algebra on matrices and stacks of them, under NumPy's names: `ag.linalg.inv`, as `np.linalg.inv`."""
