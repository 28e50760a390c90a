"""What `make up` would install, as a folder of files that other tools apply."""
