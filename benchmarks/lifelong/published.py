"""Published results: Table 1 of Rebuffi et al., CVPR 2017."""

from __future__ import annotations

METHODS = ("icarl", "hybrid1", "hybrid2", "hybrid3", "lwf-mc", "ncm")

TABLE_1 = {
    2: (57.0, 36.6, 57.6, 57.0, 11.7, 59.3),
    5: (61.2, 50.9, 57.9, 56.7, 32.6, 62.1),
    10: (64.1, 59.3, 59.9, 58.1, 44.4, 64.5),
    20: (67.2, 65.6, 63.2, 60.5, 54.4, 67.5),
    50: (68.6, 68.2, 65.3, 61.5, 64.5, 68.7),
}
"""Average multi-class accuracy in percent on iCIFAR-100, K = 2000, by classes a step."""

JOINT = 68.6
"""Accuracy of joint training on all 100 classes."""
