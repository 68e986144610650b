"""Suite ``bias``: how much a classifier depends on the data set that it was trained on."""
