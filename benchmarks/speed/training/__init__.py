"""Suite ``training``: times `encoders.fit` beside a plain PyTorch loop in float32."""
