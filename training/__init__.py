"""Training: networks in PyTorch, from backbones to reports."""
