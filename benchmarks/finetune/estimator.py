"""A classifier of images with the interface of scikit-learn, on any start of the suite."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from torch import nn

from benchmarks.finetune.fitting import ImageFit, divided, fitting_squares, image_side
from benchmarks.finetune.inputs import (
    checked_classes,
    checked_images,
    checked_labels,
    labeled_images,
)
from benchmarks.finetune.protocols import PROTOCOLS, TrainingProtocol, protocol_values
from benchmarks.finetune.views import crop_scores
from benchmarks.learning.classifier import Backbone, Classifier, classifier, image_tensor
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.freezing import freeze, freeze_first
from benchmarks.learning.prediction import outputs
from benchmarks.learning.rates import RateGroup, head_faster, layerwise, uniform
from benchmarks.learning.starts import Start, find_start
from encoders.errors import InvalidNetworkError, TrainingError, UnknownNameError
from encoders.networks.blocks import build_seeded
from taskgraph.arrays import Array, Floats

DOWNLOADED = "DEFAULT"
"""Weights of models of torchvision and timm where none are named: their published ones."""


class FineTuned(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of byte images: the layers of a start, and a new head on top.

    Parameters
    ----------
    start : str or Start
        As in `find_start`: ``bank:rgb2sfnorm``, ``lite0``, ``timm:resnet18``,
        ``torchvision:vgg11``, ``scratch:resnet20``. A module of one's own: `module_start`.
    keep : int or str, optional
        Keep the layers up to this one, by number or name; by default all but the old classifier.
    freeze : bool, int or str
        True: all kept layers stay as they are, and only the head is trained. A number or name:
        the layers up to this one.
    weights : str or path, optional
        For torchvision and timm: a file of the ``state_dict``, or "random". By default the
        published weights, which are downloaded.
    bank : path, optional
        Folder of the bank of ``bank:`` starts; by default the one that comes with the library.
    channels : int, optional
        1 or 3: channels of the network's input; another number than the start's gives it a new
        first layer. By default gray images are repeated in all channels.
    size : int, optional
        Side in pixels to which images are resized; by default the protocol's or the start's.
    hidden : tuple of int
        Widths of hidden layers with ReLU between the kept layers and the scores.
    protocol : str
        A key of `PROTOCOLS`: ``short``, ``cifar`` or ``imagenet``. It gives the settings below
        that are None.
    steps, batch : int, optional
        Steps of the training, and images of a batch.
    learning_rate : float, optional
        Largest learning rate of the head.
    head_ratio : float, optional
        The head's rate as a multiple of that of pretrained layers.
    layer_decay : float, optional
        In (0, 1]: each layer's rate as a multiple of the next one's (`layerwise`), instead of
        ``head_ratio``.
    validation : float
        Share of the images, in [0, 1), that `fit` keeps for validation unless it is given some.
    cache : path, optional
        Folder in which features of frozen layers are kept between runs.
    device, precision, threads
        As in `LoopConfig`.
    random_state : int
        Draws new weights, validation images, order and augmentation. Equal ones give equal bits on
        one machine's CPU.

    Attributes
    ----------
    classes_ : (classes,) array
        The labels, sorted.
    model_ : Classifier
    history_ : History
        Loss and validation accuracy over the steps, and the effective learning rates.
    frozen_ : tuple of str
        Names of the frozen layers; empty if ``freeze`` is False, and "all" if it is True.
    """

    def __init__(
        self,
        start: str | Start = "bank:rgb2sfnorm",
        *,
        keep: int | str | None = None,
        freeze: bool | int | str = False,
        weights: str | Path | None = None,
        bank: str | Path | None = None,
        channels: int | None = None,
        size: int | None = None,
        hidden: tuple[int, ...] = (),
        protocol: str = "short",
        steps: int | None = None,
        batch: int | None = None,
        learning_rate: float | None = None,
        head_ratio: float | None = None,
        layer_decay: float | None = None,
        validation: float = 0.1,
        cache: str | Path | None = None,
        device: str = "auto",
        precision: str = "float32",
        threads: int = 1,
        random_state: int = 0,
    ) -> None:
        self.start = start
        self.keep = keep
        self.freeze = freeze
        self.weights = weights
        self.bank = bank
        self.channels = channels
        self.size = size
        self.hidden = hidden
        self.protocol = protocol
        self.steps = steps
        self.batch = batch
        self.learning_rate = learning_rate
        self.head_ratio = head_ratio
        self.layer_decay = layer_decay
        self.validation = validation
        self.cache = cache
        self.device = device
        self.precision = precision
        self.threads = threads
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        """Return scikit-learn's description of the estimator: its inputs are images."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def fit(self, X: Any, y: Any, *, validation: tuple[Any, Any] | None = None) -> FineTuned:
        """Train on images.

        Parameters
        ----------
        X : (N, H, W, C) array of bytes, or list of (H, W, C) arrays
            Images of 1 or 3 channels. Those of a list may differ in size: their middle squares are
            taken, or random crops in the protocol ``imagenet``.
        y : (N,) array
            Classes: numbers or texts.
        validation : (X, y), optional
            Images for the accuracies of ``history_``. By default a share of the images, of all
            classes, which are then not trained on.

        Returns
        -------
        FineTuned
            The estimator itself.

        Raises
        ------
        InvalidDataError, InvalidNetworkError, UnknownNameError, TrainingError
            If the images, the names or the settings are not as described.
        """
        images = checked_images(X)
        labels = checked_labels(y, len(images))
        classes = checked_classes(labels)
        numbers = np.searchsorted(classes, labels)
        config = self.loop_config()
        model = self.build(len(classes))
        if validation is None:
            train, val = divided(images, numbers, self.validation, self.random_state)
        else:
            train, val = (images, numbers), labeled_images(validation, classes)
        fit = ImageFit(
            model,
            config,
            self.training_protocol(),
            lambda trained: self._groups(trained, config.learning_rate),
            head_only=self.frozen_ == ("all",),
            features=None if self.cache is None else Path(self.cache),
        )
        self.history_ = fit.train(train, val)
        self.classes_, self.model_ = classes, model
        return self

    def predict(self, X: Any) -> Array:
        """Return the most probable class of each image, (N,)."""
        probabilities = self.predict_proba(X)
        classes: Array = self.classes_[probabilities.argmax(1)]
        return classes

    def predict_proba(self, X: Any) -> Floats:
        """Return the (N, classes) probabilities in the order of ``classes_``; rows sum to 1.

        With the protocol ``imagenet`` they are the means over ten crops of each image.
        """
        check_is_fitted(self, "model_")
        images, config = checked_images(X), self.loop_config()
        protocol, size = self.training_protocol(), self.side(self.model_)
        if protocol.crops:
            return crop_scores(self.model_, images, size, config)
        scores = outputs(self.model_, image_tensor(fitting_squares(images, size, protocol)), config)
        return _softmax(scores)

    def save(self, folder: str | Path) -> Path:
        """Write ``model.safetensors`` and ``config.json`` into a folder; see `save_model`."""
        from benchmarks.finetune.saving import save_model

        check_is_fitted(self, "model_")
        return save_model(self, Path(folder))

    @classmethod
    def load(cls, folder: str | Path, *, start: Start | None = None) -> FineTuned:
        """Return a saved classifier, which predicts the same; see `load_model`."""
        from benchmarks.finetune.saving import load_model

        return load_model(cls, Path(folder), start=start)

    def training_protocol(self) -> TrainingProtocol:
        """Return the protocol.

        Raises
        ------
        UnknownNameError
            If there is none of this name.
        """
        if self.protocol not in PROTOCOLS:
            raise UnknownNameError(
                f"no protocol {self.protocol!r}; expected {', '.join(PROTOCOLS)}"
            )
        return PROTOCOLS[self.protocol]

    def found_start(self) -> Start:
        """Return the start at the size in use."""
        if isinstance(self.start, str):
            named = self.start.partition(":")[0] in ("timm", "torchvision")
            weights = DOWNLOADED if named and self.weights is None else self.weights
            start = find_start(self.start, weights=weights, bank=self.bank)
        else:
            start = self.start
        size = self.training_protocol().size if self.size is None else self.size
        if size is not None and size < 1:
            raise InvalidNetworkError(f"images of {size} pixels, expected at least 1")
        return start if size is None else start.at(size)

    def build(self, classes: int, start: Start | None = None) -> Classifier:
        """Return the network before training; this checks all settings of the network.

        Parameters
        ----------
        classes : int
        start : Start, optional
            By default `found_start`.
        """
        start = start or self.found_start()
        if self.channels not in (None, 1, 3):
            raise InvalidNetworkError(
                f"{self.channels} channels, expected 1 (gray) or 3 (color), since images have no "
                "others (--channels)"
            )
        if any(width < 1 for width in self.hidden):
            raise InvalidNetworkError(
                f"hidden layers of widths {', '.join(map(str, self.hidden))}, expected at least 1 "
                "each (--hidden)"
            )
        try:
            backbone = start.build(seed=self.random_state, keep=self.keep, channels=self.channels)
        except (AssertionError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:150]
            raise InvalidNetworkError(
                f"{start.name} does not take images of {start.size} pixels ({reason}); give another"
                " --size, or none for the start's own"
            ) from None
        self.frozen_ = self._freeze(backbone)
        head = None
        if self.hidden:
            generator = torch.Generator().manual_seed(self.random_state)
            widths = (backbone.features, *self.hidden, classes)
            head = build_seeded(lambda: _hidden_head(widths), generator)
        return classifier(backbone, classes, head=head, seed=self.random_state)

    def loop_config(self) -> LoopConfig:
        """Return the configuration of the training; this checks all its settings."""
        protocol = self.training_protocol()
        name = self.start if isinstance(self.start, str) else self.start.name
        values = protocol_values(self.protocol, name, self.steps)
        given = {"batch": self.batch, "learning_rate": self.learning_rate}
        values |= {key: value for key, value in given.items() if value is not None}
        if protocol.evaluations:
            values["evaluate_every"] = math.ceil(max(1, values["steps"]) / protocol.evaluations)
        if not 0 <= self.validation < 1:
            raise TrainingError(
                f"the share of validation images is {self.validation}, expected at least 0 and "
                "less than 1"
            )
        if self.head_ratio is not None and not 0 < self.head_ratio < math.inf:
            raise TrainingError(
                f"head_ratio is {self.head_ratio}, expected more than 0 and finite (--head-ratio)"
            )
        if self.layer_decay is not None and not 0 < self.layer_decay <= 1:
            raise TrainingError(
                f"layer_decay is {self.layer_decay}, expected more than 0 and up to 1 "
                "(--layer-decay)"
            )
        return LoopConfig(
            **values,
            device=self.device,
            precision=self.precision,
            threads=self.threads,
            seed=self.random_state,
        )

    def side(self, model: Classifier) -> int:
        """Return the side of the images that the network gets, in pixels."""
        return image_side(model)

    def _freeze(self, backbone: Backbone) -> tuple[str, ...]:
        """Freeze what ``freeze`` says; returns the names of the frozen layers."""
        if isinstance(self.freeze, bool | np.bool_):
            if self.freeze:
                freeze(backbone.layers)
            return ("all",) if self.freeze else ()
        return freeze_first(backbone, self.freeze)

    def _groups(self, trained: nn.Module, rate: float) -> list[RateGroup]:
        """Return the groups of learning rates."""
        if not isinstance(trained, Classifier):
            return uniform(trained, rate)
        if self.layer_decay is not None:
            return layerwise(trained, rate, decay=self.layer_decay)
        ratio = self.head_ratio
        if ratio is None:
            scratch = isinstance(self.start, str) and self.start.startswith("scratch:")
            ratio = 1.0 if scratch else self.training_protocol().head_ratio
        return head_faster(trained, rate / ratio, ratio=ratio)


def _hidden_head(widths: Sequence[int]) -> nn.Sequential:
    """Return linear layers of some widths with ReLU between them."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _softmax(scores: Array) -> Floats:
    """Return probabilities of (N, classes) scores, in double precision."""
    values: Floats = torch.from_numpy(scores).double().softmax(1).numpy()
    return values
