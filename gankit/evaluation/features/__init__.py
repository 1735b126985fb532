"""Features of images: what metrics compare, a classifier's or principal components."""
