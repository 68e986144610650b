"""Losses of relative camera poses: of each pose, and around a cycle of three views."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.linalg import vector_norm

from encoders.errors import InvalidLossInputError
from encoders.losses.masked import checked_mask, difference, masked_mean

POSE = 6  # Euler angles (3), translation (3)
FIRST_SECOND, FIRST_THIRD, SECOND_THIRD = 0, 1, 2  # the order of ego-motion's three poses


def pose_norm(
    prediction: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    reduce: Literal["mean", "sum"] = "mean",
) -> Tensor:
    """Return the mean or sum of the Euclidean norms of the rotation and translation errors.

    Parameters
    ----------
    prediction, target : (B, 6 n) tensors
        n poses, each of three Euler angles and a translation of three, standardized by the
        task. The norms of all 2 n parts are averaged or added up.
    mask : (B,) tensor, optional
        Non-zero where the target is valid.
    reduce : "mean" or "sum"

    Returns
    -------
    (B,) tensor, float32
        Lower is better; NaN where the mask is zero.
    """
    kept = checked_mask(prediction, mask)
    parts = part_norms(difference(prediction, target, kept))  # (B, n, 2)
    return masked_mean(parts.mean((1, 2)) if reduce == "mean" else parts.sum((1, 2)), kept)


def ego_cycle(
    prediction: Tensor,
    target: Tensor,
    mask: Tensor | None = None,
    *,
    mean: Tensor | None = None,
    std: Tensor | None = None,
    rate: float = 1.0,
    cut: float = 1.0,
) -> Tensor:
    """Return errors of the poses (1,2), (1,3), (2,3), and of (1,3) composed from the others.

    The loss is ρ(e12) + ρ(e13) + ρ(e23) + rate ρ(e123), where ρ is `robust`. The error e of a pose
    is the sum of the two norms of `pose_norm`. The error e123 compares pose (2,3) after pose (1,2)
    with the label (1,3): it is the chord 2 sin(θ/2) of the angle θ between the two rotations, in
    units of the angles' standard deviation, plus the norm of the standardized translation's error.
    Unlike the Euler angles of a product, it has no singular orientation.

    A pose (i,j) takes a point from camera i to camera j: x_j = R x_i + t with
    R = Rz(c) Ry(b) Rx(a) for the angles (a, b, c) in radians. So (1,3) is R23 R12 and
    R23 t12 + t23.

    Parameters
    ----------
    prediction, target : (B, 18) tensors
        Standardized poses: (value - mean) / std.
    mask : (B,) tensor, optional
        Non-zero where the target is valid.
    mean, std : (18,) tensors, optional
        The constants that the poses are standardized with; zeros and ones by default.
    rate : float
        Weight of the composed pose.
    cut : float
        The error from which `robust` grows logarithmically.

    Returns
    -------
    (B,) tensor, float32
        Lower is better; 0 if all poses are exact, NaN where the mask is zero.

    Raises
    ------
    InvalidLossInputError
        If the prediction does not consist of three poses.
    """
    if prediction.shape[1] != 3 * POSE:
        raise InvalidLossInputError(
            f"ego-motion's prediction has {prediction.shape[1]} numbers an image, expected 18: "
            "the poses (1,2), (1,3), (2,3) of 6 numbers each"
        )
    kept = checked_mask(prediction, mask)
    error = difference(prediction, target, kept)
    wanted = target.to(error)
    if kept is not None:
        wanted = torch.where(kept.unsqueeze(1), wanted, 0.0)
    mean = torch.zeros_like(error[0]) if mean is None else mean.to(error)
    std = torch.ones_like(error[0]) if std is None else std.to(error)
    direct = robust(part_norms(error).sum(2), cut).sum(1)
    detour = cycle_error((wanted + error) * std + mean, wanted * std + mean, std)
    return masked_mean(direct + rate * robust(detour, cut), kept)


def cycle_error(predicted: Tensor, wanted: Tensor, std: Tensor) -> Tensor:
    """Return the error e123 of `ego_cycle`, (B,), from (B, 18) poses in radians and meters."""
    poses = predicted.reshape(-1, 3, POSE)
    first, second = poses[:, FIRST_SECOND], poses[:, SECOND_THIRD]
    label = wanted.reshape(-1, 3, POSE)[:, FIRST_THIRD]
    scale = std.reshape(3, POSE)[FIRST_THIRD]
    turn = rotation_matrices(second[:, :3])
    composed = compose(turn, rotation_matrices(first[:, :3]))
    shift = compose(turn, first[:, 3:].unsqueeze(2)).squeeze(2) + second[:, 3:]
    chord: Tensor = vector_norm(composed - rotation_matrices(label[:, :3]), dim=(1, 2)) / 2**0.5
    angles = scale[:3].square().mean().sqrt()
    drift: Tensor = vector_norm((shift - label[:, 3:]) / scale[3:], dim=1)
    return drift + chord / angles


def rotation_matrices(angles: Tensor) -> Tensor:
    """Return the matrices Rz(c) Ry(b) Rx(a), (B, 3, 3), of (B, 3) Euler angles, radians."""
    (sa, sb, sc), (ca, cb, cc) = angles.sin().unbind(1), angles.cos().unbind(1)
    rows = (
        (cc * cb, cc * sb * sa - sc * ca, cc * sb * ca + sc * sa),
        (sc * cb, sc * sb * sa + cc * ca, sc * sb * ca - cc * sa),
        (-sb, cb * sa, cb * ca),
    )
    return torch.stack([torch.stack(row, 1) for row in rows], 1)


def compose(left: Tensor, right: Tensor) -> Tensor:
    """Return the product of (B, 3, 3) and (B, 3, n) matrices, in full precision under autocast."""
    return (left.unsqueeze(3) * right.unsqueeze(1)).sum(2)


def part_norms(error: Tensor) -> Tensor:
    """Return the norms of rotation and translation parts, (B, n, 2), of (B, 6 n) errors."""
    if error.shape[1] % POSE:
        raise InvalidLossInputError(
            f"{error.shape[1]} numbers an image are not a whole number of poses; a pose has 6: "
            "three Euler angles and a translation of three"
        )
    norms: Tensor = vector_norm(error.reshape(len(error), -1, 2, 3), dim=3)
    return norms


def robust(errors: Tensor, cut: float) -> Tensor:
    """Return x up to ``cut``, and cut + cut log(x / cut) beyond; the slope is continuous."""
    beyond = cut + cut * torch.log(errors.clamp(min=cut) / cut)
    return torch.where(errors > cut, beyond, errors)
