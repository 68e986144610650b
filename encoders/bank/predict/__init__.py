"""What a bank's networks say about pictures: of photographs, and of held-out views with labels."""

from encoders.bank.predict.heldout import gallery
from encoders.bank.predict.networks import Predictor, open_bank
from encoders.bank.predict.pictures import open_photo, photos, square

__all__ = ["Predictor", "gallery", "open_bank", "open_photo", "photos", "square"]
