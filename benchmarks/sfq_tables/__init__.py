"""The tables that benchmarks/sfq.py prints, one script each."""
