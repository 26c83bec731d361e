"""The CNN-RNN and its backbones."""
