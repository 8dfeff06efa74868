"""Wing: and-inverter-graph encoders; the task here is each gate's signal probability under random inputs."""

from hwdesign.aig.compare import METHODS, CircuitMetrics, compare
from hwdesign.aig.data import COLUMNS, make_graph, read_aig, whole_graph
from hwdesign.aig.model import AigEncoder, EncoderConfig
from hwdesign.aig.parts import PartEncoder, encoder_parts
from hwdesign.aig.predict import Evaluation, GateRow, PredictionResult, evaluate, predict, write_csv
from hwdesign.aig.propagate import propagate
from hwdesign.aig.train import ESTIMATES, RunSummary, load_network, train

__all__ = [
    "COLUMNS",
    "ESTIMATES",
    "METHODS",
    "AigEncoder",
    "CircuitMetrics",
    "EncoderConfig",
    "Evaluation",
    "GateRow",
    "PartEncoder",
    "PredictionResult",
    "RunSummary",
    "compare",
    "encoder_parts",
    "evaluate",
    "load_network",
    "make_graph",
    "predict",
    "propagate",
    "read_aig",
    "train",
    "whole_graph",
    "write_csv",
]
