"""The formats of images on disk: pictures, arrays, IDX."""
