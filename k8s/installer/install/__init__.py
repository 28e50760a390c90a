"""What the platform is made of, and the steps that install it."""
