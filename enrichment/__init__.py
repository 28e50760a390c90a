"""What can be said about a picture: facts, subjects, duplicates and mosaics, and the service that answers for them."""
