"""What every part of the pipeline shares, and what depends on none of them."""
