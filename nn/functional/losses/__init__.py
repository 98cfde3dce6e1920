"""What predictions cost that miss their targets: losses as functions, by the kind of target.

Knows predictions and targets as arrays. Does not know where they come from. Every loss has a `reduction`: the "mean"
of what single predictions cost, their "sum", or all of them ("none").
"""
