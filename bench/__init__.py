"""Benchmarks: `python -m bench [campaign|audience|import|leave …]`, each a ratio.

A rate alone says more about the machine than about the program, so everything here is measured
in turns with a reference in the same run. A run that lost or doubled anything does not count.
"""
