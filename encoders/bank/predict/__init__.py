"""Draw a bank's predictions: for photographs, and for held-out views beside their labels."""

from encoders.bank.predict.heldout import gallery
from encoders.bank.predict.networks import Predictor, open_bank
from encoders.bank.predict.pictures import center_square, photos
from encoders.codecs.photos import open_photo

__all__ = ["Predictor", "center_square", "gallery", "open_bank", "open_photo", "photos"]
