"""A class of submissions: each gets exactly one verdict, however often the run is interrupted."""
