"""Facts about a picture: plain functions from its bytes to what can be measured, the same for the same bytes."""
