"""How far each part is split: targets, splits of its dimensions, and the traffic they cause."""
