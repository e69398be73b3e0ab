def change(run, network):
    (run / "run.json").write_text('{"normalization": {"mean": [0.50], "std": [3.0e-1]}}')
