"""What is made of each model."""
