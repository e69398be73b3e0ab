def change(run, network):
    path = run / "epochs.jsonl"
    lines = path.read_text().splitlines()
    path.write_bytes("\r\n\r\n".join([*lines[:10], "   ", *lines[10:]]).encode())
