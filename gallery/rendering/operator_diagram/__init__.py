"""The operator diagram: blocks of operators, placed by Graphviz, drawn as SVG."""
