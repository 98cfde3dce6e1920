"""Side by side with the libraries people would install instead: the same work, one run, ratios.

``python -m benchmarks`` runs all rows (`rows.py`) with all libraries (`libraries/`) that are installed, the scaling
curves (`families.py`, `scaling.py`) and the roof (`roof.py`), judges the goals (`goals.py`) and writes a report
(`report/`). Each library lives in a process of its own, so that thread pools do not fight, and rounds take turns, so
that a noisy machine disturbs all of them alike. Before anything is timed, every library must prove that it computes the
same numbers.
"""
