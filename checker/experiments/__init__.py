"""Experiments on a recorded network: something in it is changed, and what comes out tells whether it matters. In
float64, where rounding is 1e-16 of a number, so that the smallest term shows. Each returns numbers; what they mean is
for the rules to say."""
