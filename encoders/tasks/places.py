"""The classes of Places365 that Taskonomy's scene classification keeps."""

from __future__ import annotations

ALL_PLACES = 365
"""Number of classes of Places365."""

_NUMBERS = """
3 23 25 26 28 37 43 45 51 52 56 61 63 88 89 93 95 100 102 106 121 124 126 129 131 133 135 156
165 176 177 179 182 203 208 215 217 228 240 241 244 246 248 253 255 264 269 280 281 282 285 298
303 311 317 318 328 332 343 346 352 358 363
"""

PLACES = tuple(map(int, _NUMBERS.split()))
"""Numbers of the 63 classes of the group "workspace and home", in Taskonomy's order."""
