"""Training shared by the wings: configuration, Lightning module, checkpoints, metrics."""

from hwdesign.learn.checkpoint import load_checkpoint, save_checkpoint
from hwdesign.learn.config import CircuitSource, DataConfig, TrainConfig, load_config, parse_section
from hwdesign.learn.fit import FitResult, fit, read_figures, seed_everything, versions
from hwdesign.learn.metrics import Regression, regression_metrics
from hwdesign.learn.module import LearnModule

__all__ = [
    "CircuitSource",
    "DataConfig",
    "FitResult",
    "LearnModule",
    "Regression",
    "TrainConfig",
    "fit",
    "load_checkpoint",
    "load_config",
    "parse_section",
    "read_figures",
    "regression_metrics",
    "save_checkpoint",
    "seed_everything",
    "versions",
]
