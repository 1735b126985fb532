"""Generators that gankit ships: `gankit sample --pretrained digits`.

For each name there is a file, NAME.safetensors, and its model card, NAME.md. The text
"pretrained:NAME" stands for one wherever a run to sample from or to begin with is named.
"""

NAMES = ("digits",)
