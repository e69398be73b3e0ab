"""What a page shows of a run survives a ledger."""

import json

from checker.details import Details, Epoch, Layer, Mistake, as_values, from_values


def test_details_come_back_from_json_as_they_were() -> None:
    details = Details(
        threshold=99.4,
        epochs=(Epoch(1, 0.5, None, 90.0, 91.0), Epoch(2, 0.1, 0.2, 95.0, 96.0, None, 96.0)),
        parameters=10,
        layers=(Layer("convolution 3×3", "first", (), (8, 28, 28), 72, 56_448, (3, 3)),),
        layer_count=1,
        side=28,
        mistakes=(Mistake(7, "4", None, b"\x89PNG\0"),),
        mistake_count=1,
        test_total=10_000,
    )
    assert from_values(json.loads(json.dumps(as_values(details)))) == details
    assert from_values(json.loads(json.dumps(as_values(Details())))) == Details()
