"""Training shared by the wings: configuration, Lightning module, checkpoints, metrics."""

from hwdesign.learn.checkpoint import load_checkpoint, load_weights, save_checkpoint
from hwdesign.learn.config import CircuitSource, DataConfig, RunConfig, TrainConfig, load_config
from hwdesign.learn.fit import FitResult, check_trainer, fit, read_figures, seed_everything, versions
from hwdesign.learn.metrics import Regression, regression_metrics
from hwdesign.learn.module import LearnModule
from hwdesign.learn.resume import check_card, check_settings
from hwdesign.settings import Section, parse_section

__all__ = [
    "CircuitSource",
    "DataConfig",
    "FitResult",
    "LearnModule",
    "Regression",
    "RunConfig",
    "Section",
    "TrainConfig",
    "check_card",
    "check_settings",
    "check_trainer",
    "fit",
    "load_checkpoint",
    "load_config",
    "load_weights",
    "parse_section",
    "read_figures",
    "regression_metrics",
    "save_checkpoint",
    "seed_everything",
    "versions",
]
