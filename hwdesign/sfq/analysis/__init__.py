"""Analyses of SFQ circuits: margins, yield, shmoo plots, transfer curves, delay, energy, errors, optimisation.

    >>> from hwdesign.sfq.analysis import load_spec, margins, monte_carlo, prepare
    >>> study = prepare(load_spec("and2.yaml"))
    >>> margins(study).critical
    >>> monte_carlo(study, samples=10_000, sigma=0.05).interval

A specification (YAML) names a deck, what varies in it, and when it works; every analysis simulates its variants in
batches on the embedded engine.
"""

from hwdesign.sfq.analysis.criterion import Verdict
from hwdesign.sfq.analysis.defaults import default_spec
from hwdesign.sfq.analysis.margins import Margin, Margins, margins
from hwdesign.sfq.analysis.montecarlo import Yield, monte_carlo
from hwdesign.sfq.analysis.optimise import Optimised, optimise
from hwdesign.sfq.analysis.performance import Delay, Energy, ErrorRate, delay, energy, error_rates
from hwdesign.sfq.analysis.shmoo import Shmoo, shmoo
from hwdesign.sfq.analysis.spec import Spec, load_spec
from hwdesign.sfq.analysis.statistics import wilson
from hwdesign.sfq.analysis.study import Study, prepare
from hwdesign.sfq.analysis.transfer import Probit, Transfer, fit_probit, transfer

__all__ = [
    "Delay",
    "Energy",
    "ErrorRate",
    "Margin",
    "Margins",
    "Optimised",
    "Probit",
    "Shmoo",
    "Spec",
    "Study",
    "Transfer",
    "Verdict",
    "Yield",
    "default_spec",
    "delay",
    "energy",
    "error_rates",
    "fit_probit",
    "load_spec",
    "margins",
    "monte_carlo",
    "optimise",
    "prepare",
    "shmoo",
    "transfer",
    "wilson",
]
