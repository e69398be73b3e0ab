"""A network as data: recorded, executed and followed."""

# A network that looks at the number of images itself is recorded, and then evaluated, with so many.
FIXED_BATCH = 50
