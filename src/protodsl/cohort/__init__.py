"""Many participants at once: records as tables of facts, and a protocol's SQL run over them."""
