"""How a compute graph runs on its target: when and where each vertex runs, and what is alive."""
