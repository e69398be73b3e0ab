"""What measures: speed/, accuracy/ (with one store of results), and how far honest networks lie from bounds."""
