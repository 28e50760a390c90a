"""Mosaics: a picture made of many pictures of space, and the page that shows it."""
