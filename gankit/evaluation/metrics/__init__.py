"""Metrics of features, class probabilities and images: functions of arrays."""
