"""Analyses of SFQ circuits: margins, yield, shmoo plots, transfer curves, delay, energy, errors, optimisation.

    >>> from hwdesign.sfq.analysis import load_spec, margins, monte_carlo, prepare
    >>> study = prepare(load_spec("and2.yaml"))
    >>> margins(study).critical
    >>> monte_carlo(study, samples=10_000, sigma=0.05).interval

A specification (YAML) names a deck, what varies in it, and when it works; every analysis simulates its variants in
batches on the embedded engine.
"""

from hwdesign.sfq.analysis.criterion import Verdict
from hwdesign.sfq.analysis.margins import Margin, Margins, margins
from hwdesign.sfq.analysis.montecarlo import Yield, monte_carlo
from hwdesign.sfq.analysis.spec import Spec, load_spec
from hwdesign.sfq.analysis.statistics import wilson
from hwdesign.sfq.analysis.study import Study, prepare

__all__ = [
    "Margin",
    "Margins",
    "Spec",
    "Study",
    "Verdict",
    "Yield",
    "load_spec",
    "margins",
    "monte_carlo",
    "prepare",
    "wilson",
]
