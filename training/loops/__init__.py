"""Training loops: optimisation, schedules, checkpoints, distributed runs."""
