"""Evaluation of a trained network: predictions, metrics, intervals, calibration, reports."""
