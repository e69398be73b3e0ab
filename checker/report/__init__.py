"""Renderers, one a file: they see frozen results and nothing else."""
