"""What writes the pages and pictures from runs, results and rules: `python -m tools.pages`."""
