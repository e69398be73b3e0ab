"""How well recipes do: other seeds, variants, batch sizes, one view against several. Results: results.jsonl."""
