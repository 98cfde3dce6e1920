"""A fluid on a torus: which initial velocities carry smoke into a given picture?

After the example `fluidsim` of HIPS autograd; Stam, Real-time fluid dynamics for games (2003).
"""

import numpy as np


def project(vx, vy, sweeps=10):
    """Velocities made nearly free of divergence by a few Jacobi sweeps for the pressure."""
    h = 1.0 / vx.shape[0]
    divergence = np.roll(vx, -1, axis=0) - np.roll(vx, 1, axis=0) + np.roll(vy, -1, axis=1) - np.roll(vy, 1, axis=1)
    divergence = -0.5 * h * divergence
    pressure = np.zeros(vx.shape)
    for _ in range(sweeps):
        neighbours = [np.roll(pressure, step, axis=axis) for step in (1, -1) for axis in (0, 1)]
        pressure = (divergence + sum(neighbours)) / 4.0
    vx = vx - 0.5 * (np.roll(pressure, -1, axis=0) - np.roll(pressure, 1, axis=0)) / h
    vy = vy - 0.5 * (np.roll(pressure, -1, axis=1) - np.roll(pressure, 1, axis=1)) / h
    return vx, vy


def advect(field, vx, vy):
    """A field moved along velocities: each cell asks where it came from, and interpolates there."""
    rows, columns = field.shape
    y, x = np.meshgrid(np.arange(columns), np.arange(rows))
    from_x, from_y = np.ravel(x - vx), np.ravel(y - vy)
    left, top = np.floor(from_x).astype(int), np.floor(from_y).astype(int)
    right_share, bottom_share = from_x - left, from_y - top
    left, right = np.mod(left, rows), np.mod(left + 1, rows)
    top, bottom = np.mod(top, columns), np.mod(top + 1, columns)
    at_left = (1 - bottom_share) * field[left, top] + bottom_share * field[left, bottom]
    at_right = (1 - bottom_share) * field[right, top] + bottom_share * field[right, bottom]
    return np.reshape((1 - right_share) * at_left + right_share * at_right, (rows, columns))


def simulate(velocity, smoke, steps=4):
    """Shapes: velocity (2, rows, columns), smoke (rows, columns) -> (rows, columns)."""
    vx, vy = velocity
    for _ in range(steps):
        vx, vy = project(advect(vx, vx, vy), advect(vy, vx, vy))
        smoke = advect(smoke, vx, vy)
    return smoke


def objective(velocity, smoke, target):
    """Mean squared distance between the smoke at the end and the target."""
    return np.mean((simulate(velocity, smoke) - target) ** 2)


def example():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:8, :8]
    smoke = np.exp(-((x - 3.0) ** 2 + (y - 3.0) ** 2) / 4)
    return 0.3 * rng.normal(size=(2, 8, 8)), (smoke, np.roll(smoke, 2, axis=1))
