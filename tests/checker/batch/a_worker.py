"""Stands in for checker.batch.worker: what a submission's name says happens."""

import json
import os
import sys
import time
from pathlib import Path

from checker.report.json import submission_as_json
from checker.verdict import SubmissionResult

RESULT = submission_as_json(SubmissionResult("session05", "Session 5", "", (), "It stands in."))

for line in sys.stdin:
    asked = json.loads(line)
    if isinstance(asked, dict):  # The setup.
        continue
    path = Path(asked)
    tried = path.with_suffix(".tried")
    tried.write_text(tried.read_text() + "x" if tried.exists() else "x")
    if path.name == "dies" or (path.name == "dies-once" and len(tried.read_text()) == 1):
        print("no memory left", file=sys.stderr, flush=True)
        os._exit(7)
    if path.name == "changes":
        (path / "new").touch()
    if path.name == "sleeps":
        time.sleep(600)
    if path.name.startswith("slow"):
        time.sleep(0.2)
    print(json.dumps({"fault": "a defect"} if path.name == "faulty" else {"result": RESULT, "details": []}), flush=True)
