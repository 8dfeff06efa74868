"""The one Lightning module that every wing's task derives from."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from hwdesign.learn.config import OptimConfig


def warmup_cosine(step: int, total: int, warmup: float) -> float:
    """Learning-rate factor: linear up over `warmup * total` steps, then half a cosine down to 1 % of the peak."""
    rise = max(1, round(warmup * total))
    if step < rise:
        return (step + 1) / rise
    share = min(1.0, (step - rise) / max(1, total - rise))
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * share))


class LearnModule(pl.LightningModule):  # type: ignore[misc]
    """Training and validation of one network.

    A task says how a batch is compared with its labels; this class optimises, schedules and logs. The training loss
    is logged as `train/loss`, each validation metric as `val/<name>`, averaged over batches: a task whose validation
    batches are single circuits thus averages over circuits.

    Args:
        network: the model proper; its weights are what a checkpoint keeps.
        optim: optimiser settings.
    """

    def __init__(self, network: torch.nn.Module, optim: OptimConfig) -> None:
        super().__init__()
        self.network = network
        self.optim = optim

    @abstractmethod
    def loss(self, batch: Any) -> Tensor:
        """Scalar training loss of a batch."""

    @abstractmethod
    def validation_metrics(self, batch: Any) -> dict[str, Tensor]:
        """Scalar metrics of a validation batch."""

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Lightning's hook."""
        loss = self.loss(batch)
        self.log("train/loss", loss.detach(), on_step=False, on_epoch=True, prog_bar=True, batch_size=1, sync_dist=True)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Lightning's hook."""
        for name, value in self.validation_metrics(batch).items():
            self.log(f"val/{name}", value, on_epoch=True, prog_bar=True, batch_size=1, sync_dist=True)

    def configure_optimizers(self) -> dict[str, Any]:
        """AdamW, warm-up and cosine by step."""
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=self.optim.lr, weight_decay=self.optim.weight_decay)
        total = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: warmup_cosine(step, total, self.optim.warmup)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
