def change(run, network):
    for name in ("epochs.jsonl", "run.json"):
        path = run / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
