"""How far each part is split: splits of dimensions, and the traffic that they cause."""
