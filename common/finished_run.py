"""A session's finished run, read again."""

import json

from torch import nn

from common.errors import RunError
from common.session import Session


def trained(session: Session, name: str) -> tuple[nn.Module, list[dict]]:
    """Return the network of the session's finished run with the weights of its last epoch, and the lines of its log.

    Raises RunError.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    folder = session.folder / "runs" / name
    try:
        log = [json.loads(line) for line in (folder / "epochs.jsonl").read_text().splitlines()]
        network = session.build(name)
        network.load_state_dict(load_file(folder / log[-1]["weights"]["file"]))
    except (OSError, ValueError, KeyError, TypeError, IndexError, RuntimeError, SafetensorError) as error:
        raise RunError(
            f"{folder} holds no finished run of this network ({type(error).__name__}); train it with "
            f"python {session.name}/train.py --run {name}."
        ) from error
    return network, log
