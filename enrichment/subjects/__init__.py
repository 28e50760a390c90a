"""What a picture shows, as far as the evidence carries: its text, and the picture itself."""
