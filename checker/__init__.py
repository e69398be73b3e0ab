"""Re-measures what a trained network claims: `python -m checker session05`."""
