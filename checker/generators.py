"""How few numbers generate a tensor: a ramp is two, a blur one, and a random kernel as many as it has."""

import math

import torch
from torch import Tensor

# Of a tensor's largest number, how much a description of it may be wrong: more than float32 rounds.
EXACT = 1e-5
# Numbers that generate others are the same where so many digits are, which is no farther apart than that.
DIGITS = 6
# Slices that are described one by one, as the two coordinates of a place are.
MOST_SLICES = 8
DEGREE = 2  # Of the polynomial that a slice may be.
LONGEST_BINOMIAL = 64  # Of the rows of Pascal's triangle that a slice may be.
# A larger tensor is not described, and counts for no more: it would take memory that a stranger chooses.
LARGEST = 500_000

Generator = float | tuple[str, int]


def generators(tensor: Tensor, name: str) -> frozenset[Generator]:
    """Return the numbers that `tensor`, which is called `name`, can be made of; where no few of them do it, all of its
    own.

    Known are numbers that are the same along some dimensions, products of vectors, polynomials of the indices
    (coordinates), their roots (distances) and exponentials (a Gaussian), binomial rows, triangles and their indices,
    identities, squares that look the same from all sides, and a few of these one after the other.
    """
    numbers = _one_of_equals(tensor.detach().cpu().double())
    finite = numbers.isfinite()
    if not bool(finite.all()):
        return generators(torch.where(finite, numbers, 0), name) | generators(finite, f"{name}, finite")
    few = _few(numbers) if numbers.numel() <= LARGEST else None
    if few is not None and len(few) <= numbers.numel():
        return frozenset(few)
    return frozenset((name, place) for place in range(min(numbers.numel(), LARGEST)))


def _few(numbers: Tensor) -> set[float] | None:
    """Return a few numbers that generate `numbers`, or None."""
    if not numbers.numel():
        return set()
    if numbers.numel() == 1:
        return {_rounded(float(numbers))}
    for found in (
        _triangle(numbers),
        _indices_of_triangle(numbers),
        _polynomial(numbers),
        _product(numbers),
        _symmetric(numbers),
        _slices(numbers),
    ):
        if found is not None:
            return found
    return None


def _one_of_equals(numbers: Tensor) -> Tensor:
    """Return `numbers` with one of the slices that repeat along a dimension: all the same, or the same few again and
    again."""
    for dim in range(numbers.ndim):
        side = numbers.shape[dim]
        for period in (each for each in range(1, side // 2 + 1) if side % each == 0):
            parts = numbers.unflatten(dim, (side // period, period))
            first = parts.narrow(dim, 0, 1)
            again = numbers.unflatten(dim, (period, side // period))
            if bool((parts == first).all()):
                numbers = first.squeeze(dim)
                break
            if bool((again == again.narrow(dim + 1, 0, 1)).all()):
                numbers = again.select(dim + 1, 0)
                break
    return numbers


def _triangle(numbers: Tensor) -> set[float] | None:
    """Ones, or another number, below, above or on a diagonal."""
    square = numbers.squeeze()
    if square.ndim != 2 or square.shape[0] != square.shape[1]:
        return None
    for shape in (torch.eye(len(square)), torch.ones_like(square).tril(), torch.ones_like(square).triu()):
        for kept in (shape, 1 - shape):
            most = square[kept.bool()][0]
            if _equal(square, most * kept):
                return {_rounded(float(most))}
    return None


def _indices_of_triangle(numbers: Tensor) -> set[float] | None:
    """Rows, columns or both of the places above or below a square's diagonal."""
    count = numbers.shape[-1]
    if numbers.ndim > 2 or (numbers.ndim == 2 and len(numbers) != 2) or not bool((numbers == numbers.round()).all()):
        return None
    about = round(math.sqrt(2 * count))
    for side in range(max(2, about - 1), about + 2):
        for indices in (torch.triu_indices, torch.tril_indices):
            for offset in (-1, 0, 1):
                both = indices(side, side, offset)
                if both.shape[1] == count and any(found.equal(numbers.long()) for found in (both, *both)):
                    return {float(side), float(offset)}
    return None


def _polynomial(numbers: Tensor) -> set[float] | None:
    """A polynomial of the indices, each from -1 to 1; or its root, or its exponential."""
    sides = [side for side in numbers.shape if side > 1]
    places = torch.meshgrid(*(torch.linspace(-1, 1, side, dtype=torch.float64) for side in sides), indexing="ij")
    powers = [
        torch.ones(sides, dtype=torch.float64),
        *places,
        *(one * other for place, one in enumerate(places) for other in places[: place + 1]),
    ]
    if numbers.numel() <= len(powers):
        return None
    terms = torch.stack([each.flatten() for each in powers], 1)
    shown = (
        [numbers]
        + ([numbers.square()] if bool((numbers >= 0).all()) else [])
        + ([numbers.log()] if bool((numbers > 0).all()) else [])
    )
    for made in (each.reshape(-1, 1) for each in shown):
        factors = torch.linalg.lstsq(terms, made).solution
        if _equal(terms @ factors, made):
            return {_rounded(float(factor)) for factor in factors if abs(factor) > EXACT * made.abs().max()}
    return None


def _product(numbers: Tensor) -> set[float] | None:
    """The product of a vector along each dimension, each of which few numbers generate."""
    largest = numbers.abs().flatten().argmax()
    place = torch.unravel_index(largest, numbers.shape)
    scale = numbers[place]
    vectors = []
    for dim in range(numbers.ndim):
        index = [int(each) for each in place]
        line: tuple[int | slice, ...] = (*index[:dim], slice(None), *index[dim + 1 :])
        vectors.append(numbers[line] / scale)
    product = scale
    for dim, vector in enumerate(vectors):
        product = product * vector.view([-1 if each == dim else 1 for each in range(numbers.ndim)])
    if not _equal(product, numbers):
        return None
    found = {_rounded(float(scale))}
    for vector in vectors:
        few = _vector(vector)
        if few is None:
            return None
        found |= few
    return found


def _vector(vector: Tensor) -> set[float] | None:
    """A vector whose largest number is ±1."""
    length = len(vector)
    if length > LONGEST_BINOMIAL:
        return _polynomial(vector)
    binomial = torch.tensor([math.comb(length - 1, place) for place in range(length)], dtype=torch.float64)
    if _equal(vector, binomial / binomial.max()):
        return {float(length)} if length > 1 else set()
    if int(vector.count_nonzero()) == 1:
        return {float(vector.abs().argmax())}
    if length <= DEGREE + 1:
        return {_rounded(float(each)) for each in vector}
    changes = vector.diff().count_nonzero()
    if int(changes) == 1:  # A step.
        return {float(vector.diff().abs().argmax()), _rounded(float(vector[0])), _rounded(float(vector[-1]))}
    return _polynomial(vector)


def _symmetric(numbers: Tensor) -> set[float] | None:
    """A square that is the same from all sides, as a Laplacian is: an eighth of it."""
    square = numbers.squeeze()
    if square.ndim != 2 or not all(
        each.shape == square.shape and _equal(each, square) for each in (square.T, square.flip(0), square.flip(1))
    ):
        return None
    half = (len(square) + 1) // 2
    return {_rounded(float(square[row, column])) for row in range(half) for column in range(row + 1)}


def _slices(numbers: Tensor) -> set[float] | None:
    """A few slices along some dimension, each of which few numbers generate."""
    for dim, side in enumerate(numbers.shape):
        if 1 < side <= MOST_SLICES and numbers.numel() > 3 * side:
            slices = [_few(_one_of_equals(each)) for each in numbers.unbind(dim)]
            found = [each for each in slices if each is not None]
            if len(found) == len(slices):
                return set[float]().union(*found)
    return None


def _equal(one: Tensor, other: Tensor) -> bool:
    return bool(((one - other).abs() <= EXACT * torch.maximum(one.abs().max(), other.abs().max())).all())


def _rounded(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")
