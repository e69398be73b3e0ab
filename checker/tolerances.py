"""What measurements go by, and rules name in their texts. Imports nothing, so that listing the rules takes no time."""

# Another device, precision or number of threads rounds otherwise, which may turn a digit that lies on the edge.
COUNTS_APART = 2
# Images that an epoch may leave out: a loader may drop the last batch, where it isn't full.
DROPPED = 1_024
# A place that moves by less than this share of its map's spread, when all pixels beyond a line are changed, doesn't see
# them. Rounding in fp32 makes 1e-7; in our deepest network, under-100k, the outermost pixels that must be seen move
# places by 1e-4 and more.
SEEN = 1e-5
# How much larger the input of a norm is made, to see whether it normalises.
FACTOR = 100.0
# How much larger, and smaller, everything between the layers is made, to see whether it is normalised by hand; and how
# far it must move, as a share of how far it moves when each number is scaled by itself. What saturates moves as far,
# what is divided by the root of its size 0.53 times as far.
SCALED, BY_HAND = 2.0, 0.85
# How much a kernel may be like what the network makes of other parameters, as a cosine. Of weight norm, low rank, masks
# and the like in the corpus it is 0.3 and less, of what is scaled alone it is 1.
FIXED = 0.95
# What can be seen of a shift (half of one of 32 pixels), of a scale, and of a rotation in degrees.
LEAST_SHIFT, LEAST_SCALE, LEAST_ROTATION = 1 / 64, 0.02, 1.0
# A transform that is applied to fewer of the images than this share augments nothing.
RARELY = 0.05
# Of a hole's share of the image, what must be left at the pipeline's end to count.
SHOWN = 0.3
# Networks that are closer (see checker.copies) are told as copies. Two seeds of one recipe are 0.69 apart and more; the
# closest of our own runs 0.49, which share seed and network and differ in their penalty alone. Copies stay below 0.02
# rounded to bfloat16, below 0.2 with noise of 3 % in all weights, and at 0.29 after one more epoch at a tenth of the
# rate: see benchmarks/copies.py.
COPIED = 0.3


def is_one_pass(total: int, images: int) -> bool:
    """Whether an epoch over `total` images is a pass over a training set of `images`, but for DROPPED of them."""
    return images - DROPPED < total <= images
