"""Image formats on disk: pictures, arrays, IDX."""
