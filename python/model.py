"""The detector under the name by which the published circuit is used.

    from model import CofiberDetector
    detector = CofiberDetector.from_safetensors("model.safetensors")
    detections = detector.detect(features, score_thresh=0.3)
"""
from cofiber import Detector

__all__ = ["CofiberDetector"]


class CofiberDetector(Detector):
    """`cofiber.Detector`, which says what the methods take and give."""
