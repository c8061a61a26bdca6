"""Parts that models and teachers share."""
