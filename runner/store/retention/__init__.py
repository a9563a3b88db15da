"""What retention rules remove."""
