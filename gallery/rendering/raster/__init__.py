"""From edges to pixels: frame, strokes, tiles, light, bloom and tone."""
