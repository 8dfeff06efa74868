"""Plots and self-contained HTML reports."""

from hwdesign.report.html import METHOD_LABELS, html_report
from hwdesign.report.plots import prediction_png, save_prediction_plot, scatter_png, training_png

__all__ = ["METHOD_LABELS", "html_report", "prediction_png", "save_prediction_plot", "scatter_png", "training_png"]
