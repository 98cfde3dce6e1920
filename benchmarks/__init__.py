"""Side by side with the libraries people would install instead: the same work, one run, ratios.

``python -m benchmarks`` runs all rows (`rows.py`) with all libraries (`libraries/`) that are installed. Each library
lives in a process of its own, so that thread pools do not fight, and rounds take turns, so that a noisy machine
disturbs all of them alike. Before anything is timed, every library must prove that it computes the same numbers.
"""
