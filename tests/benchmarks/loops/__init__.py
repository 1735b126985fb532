"""Training loops over the networks of `simple`, batch 128, float32: gankit's and handwritten ones.

Each module has `loop(images)`, which takes `(N, 28, 28, 1)` uint8 images and returns what runs so
many steps. A step is one step of the discriminator on 128 fakes and 128 reals, and one step of
the generator.
"""

BATCH, LATENT = 128, 100
GENERATOR = (LATENT, 256, 512, 1024, 784)
DISCRIMINATOR = (784, 1024, 512, 256, 1)
SLOPE, DROP = 0.2, 0.3
RATE, BETA1, BETA2 = 2e-4, 0.5, 0.999
