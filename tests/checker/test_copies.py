"""Which networks are told to be copies: not other trainings, and those in disguise."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from checker.copies import Fingerprint, Member, apart, as_bytes, find_copies, numbers_digest, structure_digest
from checker.tolerances import COPIED
from common.anatomy.record import record


class Network(nn.Module):
    def __init__(self, first: str = "first") -> None:
        super().__init__()
        self.name = first
        self.add_module(first, nn.Conv2d(1, 6, 5, stride=3))
        self.norm = nn.BatchNorm2d(6)
        self.last = nn.Conv2d(6, 10, 3)

    def forward(self, images: Tensor) -> Tensor:
        x = torch.relu(self.norm(getattr(self, self.name)(images)))
        return self.last(x).mean((2, 3))


IMAGES = torch.rand(500, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def network(seed: int) -> Network:
    torch.manual_seed(seed)
    return Network().eval()


def said(network: nn.Module) -> bytes:
    with torch.no_grad():
        return as_bytes(network(IMAGES).numpy())


def made(run: str, logits: bytes, *weights: str, program: str = "p") -> Fingerprint:
    return Fingerprint(run, weights, program, base64.b64encode(logits).decode())


def random(seed: int) -> bytes:
    return as_bytes(np.random.default_rng(seed).normal(size=(500, 10)))


def test_networks_of_other_seeds_are_no_copies() -> None:
    assert apart(said(network(0)), said(network(1))) > 2 * COPIED


def test_channels_in_another_order_and_of_another_scale_are_a_copy() -> None:
    disguised, order = network(0), torch.tensor([3, 0, 5, 1, 4, 2])
    with torch.no_grad():
        for tensor in (disguised.first.weight, disguised.first.bias, disguised.norm.weight, disguised.norm.bias):
            tensor.copy_(tensor[order])
        disguised.last.weight.copy_(disguised.last.weight[:, order] / 7)
        disguised.norm.weight.mul_(7)
        disguised.norm.bias.mul_(7)
    assert apart(said(network(0)), said(disguised)) < 0.01


def test_rounded_weights_and_scaled_logits_are_a_copy() -> None:
    plain, rounded = network(0), network(0)
    with torch.no_grad():
        for tensor in rounded.parameters():
            tensor.copy_(tensor.bfloat16())
        assert apart(as_bytes(plain(IMAGES).numpy()), as_bytes((3 * rounded(IMAGES) + 5).log_softmax(1).numpy())) < 0.05


@pytest.mark.parametrize("logits", [np.zeros((500, 10)), np.full((500, 10), np.nan), np.eye(10)[np.arange(500) % 10]])
def test_logits_that_say_nothing_are_compared_with_none(logits: np.ndarray) -> None:
    assert as_bytes(logits) == b""
    assert not find_copies({"a": [made("r", b"", "1")], "b": [made("r", b"", "2")]})


def test_names_and_their_order_change_no_digest() -> None:
    one, other = network(0), Network("zero").eval()
    other.load_state_dict({key.replace("first", "zero"): each for key, each in one.state_dict().items()})
    assert numbers_digest(one.state_dict()) == numbers_digest(other.state_dict())
    assert numbers_digest(one.state_dict()) != numbers_digest(network(1).state_dict())
    programs = [record(each, [(1, 28, 28)], 4) for each in (one, other, nn.Sequential(one, nn.ReLU()).eval())]
    digests = [structure_digest(each) for each in programs]
    assert digests[0] == digests[1] != digests[2]


def test_an_epoch_in_common_is_a_copy_and_the_runs_of_one_submission_are_none() -> None:
    mine = {
        "ana": [made("x", random(0), "1", "2"), made("y", random(0), "2", "3")],
        "ben": [made("z", random(1), "3", "4")],
        "eve": [made("x", random(2), "5")],
    }
    (copy,) = find_copies(mine)
    assert copy.members == (Member("ana", "y", False), Member("ben", "z", False))
    assert copy.sentence == "ana (y) and ben (z) hold the same weights."


def test_a_group_is_told_once_with_ours_whatever_the_order() -> None:
    own = {"session05": [made("smallest", random(0), "1"), made("other", random(0), "1")]}
    near = as_bytes(
        np.random.default_rng(0).normal(size=(500, 10)) + 0.1 * np.random.default_rng(9).normal(size=(500, 10))
    )
    mine = {"ben": [made("r", near, "7")], "ana": [made("r", random(0), "1")], "eve": [made("r", random(5), "8")]}
    (copy,) = find_copies(mine, own)
    assert copy.submissions == ("ana", "ben") and copy.same_weights and 0.05 < copy.distance < COPIED
    assert copy.sentence.startswith("ana (r), ben (r), our session05/other and our session05/smallest: ")
    assert find_copies(dict(reversed(mine.items())), own) == [copy]
    assert not find_copies({"eve": mine["eve"]}, own)


def test_a_fingerprint_is_small_and_comes_back_from_json() -> None:
    one = replace(made("r", random(0)), weights=("0" * 64,) * 5, program="1" * 64)
    text = json.dumps(one.as_json())
    assert Fingerprint.from_json(json.loads(text)) == one and len(text) < 20_000
