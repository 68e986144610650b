"""How fast training is: `encoders.fit` against a plain PyTorch loop in float32."""
