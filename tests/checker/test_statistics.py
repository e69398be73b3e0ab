"""What statistics of weights and logits don't hang on."""

import numpy as np
import pytest
import torch

from checker.statistics import apart, evenness


def test_evenness_hangs_on_no_scale_of_a_channel() -> None:
    generator = torch.Generator().manual_seed(0)
    kernel = torch.randn(16, 8, 3, 3, generator=generator, dtype=torch.float64)
    sparse = kernel * (torch.rand(kernel.shape, generator=generator) < 0.5)
    assert evenness({"k": kernel}) == pytest.approx(0.8, abs=0.02) and evenness({"k": sparse}) < 0.65
    scales = torch.randn(16, 8, generator=generator, dtype=torch.float64).exp()
    for scale in (scales[:, :1, None, None], scales[:1, :, None, None]):
        assert evenness({"k": kernel * scale}) == pytest.approx(evenness({"k": kernel}), abs=0.01)
    assert evenness({"k": torch.zeros(2, 2, 1, 1)}) == 0 and evenness({"k": kernel / 0}) is None


def test_logits_that_differ_by_a_scale_or_a_bias_are_one_network_s() -> None:
    logits = np.random.default_rng(0).normal(size=(100, 10))
    assert apart(logits, 1.5 * logits + np.arange(10) + 7) < 1e-9
    assert apart(logits, logits + 0.01 * np.random.default_rng(1).normal(size=(100, 10))) > 1e-3
