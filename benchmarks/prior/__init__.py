"""Suite ``prior``: what the structure of an untrained network knows about photographs."""
