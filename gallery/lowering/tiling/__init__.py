"""How far each part is split: targets, splits of dimensions, and the traffic that they cause."""
