"""Datasets: labelled samples, classes, splits, images and augmentation."""
