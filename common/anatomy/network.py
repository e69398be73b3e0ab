"""The anatomy of a network that is at hand: ours, or one that is being trained. A stranger's is recorded in the
sandbox."""

from torch import Tensor, nn

from common.anatomy.follow import Anatomy, follow
from common.anatomy.record import record
from common.anatomy.weights import fill


def anatomy(network: nn.Module, *inputs: Tensor) -> Anatomy:
    """Return what `network` does in evaluation mode with its inputs, images (float32 N×C×H×W, normalised) first.

    Raises NotRecordableError.
    """
    training = network.training
    program = record(network, [tuple(each.shape[1:]) for each in inputs], len(inputs[0]))
    found = follow(program, fill(program, network.state_dict()), *inputs)
    network.train(training)
    return found


def parameter_count(network: nn.Module) -> int:
    """Return how many numbers the network learns: each once, frozen or not, used or not; one of 64 bits is two."""
    return sum(max(parameter.numel(), -(-parameter.nbytes // 4)) for parameter in nn.Module.parameters(network))
