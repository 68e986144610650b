"""Encoders from elsewhere among those of the bank: does a network trained on ImageNet join?"""
