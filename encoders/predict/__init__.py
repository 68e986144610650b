"""What a bank's networks say about pictures: of photographs, and of held-out views with labels."""

from encoders.predict.heldout import gallery
from encoders.predict.names import ALIASES, real_name
from encoders.predict.networks import Predictor, default_bank, open_bank
from encoders.predict.pictures import open_photo, photos, square

__all__ = [
    "ALIASES",
    "Predictor",
    "default_bank",
    "gallery",
    "open_bank",
    "open_photo",
    "photos",
    "real_name",
    "square",
]
