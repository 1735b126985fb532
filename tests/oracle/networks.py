"""Layers, computed by torch's functions on NCHW images."""

import torch
from torch.nn import functional

from gankit import layers


class ForwardPass:
    """One pass of a network in training mode.

    `arrays` are its weights and running state by name, `masks` dropout's by a layer's name. What
    running state becomes is in `moved` afterwards.
    """

    def __init__(self, arrays, labels, masks, halves, source=None):
        self.arrays, self.labels, self.masks, self.halves = arrays, labels, masks, halves
        self.source = source
        self.moved = {}

    def __call__(self, spec, x, prefix=""):
        before = {"input": x}
        for position, layer in enumerate(spec):
            if isinstance(layer, layers.Concat):
                added = self.source if layer.input == 1 else before[layer.input]
                x = torch.cat([x, added], -1)
            elif isinstance(layer, layers.ReconstructionLogit):
                x = reconstructed(layer, before["input"], x)
            else:
                x = self.layer(layer, x, f"{prefix}{position}")
            before[f"@{position}"] = x
        return x

    def row_of_labels(self, table):
        """Return the table's row of each class, or its rows weighted by a vector."""
        return self.labels @ table if self.labels.is_floating_point() else table[self.labels]

    def layer(self, layer, x, name):
        match layer:
            case layers.Dense():
                return functional.linear(x, self.kernel(layer, name).T, self.bias(layer, name))
            case layers.Conv(stride=stride, padding=padding, groups=groups):
                kernel = self.kernel(layer, name).permute(3, 2, 0, 1).contiguous()
                how = {"stride": stride, "padding": padding, "groups": groups}
                return last(functional.conv2d(first(x), kernel, self.bias(layer, name), **how))
            case layers.ConvTranspose(stride=stride, padding=padding):
                kernel = self.kernel(layer, name).permute(2, 3, 0, 1).contiguous()
                bias = self.bias(layer, name)
                how = {"stride": stride, "padding": padding}
                return last(functional.conv_transpose2d(first(x), kernel, bias, **how))
            case layers.Upsample(factor=factor):
                return x.repeat_interleave(factor, 1).repeat_interleave(factor, 2)
            case layers.AveragePool(size=size):
                return last(functional.avg_pool2d(first(x), size))
            case layers.BatchNorm():
                return self.batch_norm(layer, x, name)
            case layers.LayerNorm(epsilon=epsilon):
                scale, shift = self.arrays[f"{name}.gamma"], self.arrays[f"{name}.beta"]
                return functional.layer_norm(x, x.shape[1:], eps=epsilon) * scale + shift
            case layers.InstanceNorm(epsilon=epsilon):
                scale, shift = self.arrays[f"{name}.gamma"], self.arrays[f"{name}.beta"]
                return last(
                    functional.instance_norm(first(x), None, None, scale, shift, eps=epsilon)
                )
            case layers.BlurPool():
                return self.blur(x, lambda i, o: (2 * o - i).abs(), 1 / 4, 1 / 2)
            case layers.BlurUpsample():
                return self.blur(x, lambda i, o: (o - 2 * i).abs(), 1 / 2, 2)
            case layers.MinibatchStd():
                return self.compare(layer, x, name)
            case layers.SelfAttention():
                return self.attend(layer, x, name)
            case layers.Embedding():
                rows = self.row_of_labels(self.arrays[f"{name}.embedding"])
                while rows.ndim < x.ndim:
                    rows = rows.unsqueeze(1)
                return torch.cat([x, rows.expand(*x.shape[:-1], rows.shape[-1])], -1)
            case layers.Projection():
                table = self.kernel(layer, name, "embedding")
                logit = functional.linear(x, self.kernel(layer, name).T, self.bias(layer, name))
                rows = self.row_of_labels(table)
                return logit + torch.einsum("nf,nf->n", x, rows).unsqueeze(1)
            case layers.LeakyReLU(slope=slope):
                return torch.where(x > 0, x, slope * x)
            case layers.ReLU():
                return torch.relu(x)
            case layers.Tanh():
                return x.tanh()
            case layers.Sigmoid():
                return x.sigmoid()
            case layers.ClassLogit():
                return torch.cat([torch.log(x.exp().sum(1, keepdim=True)), x], 1)
            case layers.Dropout(rate=rate):
                return x * self.masks[name] / (1 - round(rate * 256) / 256)
            case layers.Flatten():
                return x.flatten(1)
            case layers.Reshape(shape=shape):
                return x.reshape(-1, *shape)
            case layers.Residual(layers=main, shortcut=shortcut):
                return self(main, x, f"{name}.layers.") + self(shortcut, x, f"{name}.shortcut.")
        raise TypeError(layer)

    def blur(self, x, apart, share, factor):
        """Weight the pixels of each side by 2 minus how far input and output are apart, or 0."""

        def matrix(side):
            inputs, outputs = torch.arange(side), torch.arange(int(side * factor))
            weights = (2 - apart(inputs[:, None], outputs)).clamp(min=0)
            return weights.to(x.dtype) * share

        return torch.einsum("nhwc,hi,wj->nijc", x, *map(matrix, x.shape[1:3]))

    def compare(self, layer, x, name):
        parts = x.split(layer.group or len(x) // self.halves)
        found = [(p.var(0, correction=0) + layer.epsilon).sqrt().mean() for p in parts]
        running, mean = self.arrays[f"{name}.deviation"], torch.stack(found).mean().detach()
        self.moved[f"{name}.deviation"] = torch.lerp(mean[None], running, layer.momentum)
        added = [f.expand(*p.shape[:-1], 1) for f, p in zip(found, parts, strict=True)]
        return torch.cat([x, torch.cat(added)], -1)

    def attend(self, layer, x, name):
        query, key, value, output = (
            self.kernel(layer, name, role) for role in ("query", "key", "value", "output")
        )
        shares = torch.einsum("nhwc,cu,nijd,du->nhwij", x, query, x, key).flatten(3).softmax(3)
        sums = torch.einsum("nhwp,npc,cu,ud->nhwd", shares, x.flatten(1, 2), value, output)
        return x + self.arrays[f"{name}.gamma"] * sums

    def bias(self, layer, name):
        return self.arrays[f"{name}.bias"] if layer.bias else None

    def kernel(self, layer, name, role="kernel"):
        kernel = self.arrays[f"{name}.{role}"]
        if not layer.spectral:
            return kernel
        matrix, u = kernel.flatten(0, -2), self.arrays[f"{name}.{role}_u"]
        with torch.no_grad():
            v = functional.normalize(matrix @ u, dim=0)
            u = self.moved[f"{name}.{role}_u"] = functional.normalize(matrix.T @ v, dim=0)
        return kernel / torch.linalg.vector_norm(matrix @ u)

    def batch_norm(self, layer, x, name):
        scale = shift = None
        if not layer.conditional:
            scale, shift = self.arrays[f"{name}.gamma"], self.arrays[f"{name}.beta"]
        parts, axes = x.chunk(self.halves), tuple(range(x.ndim - 1))
        made = [
            functional.batch_norm(
                one.movedim(-1, 1), None, None, scale, shift, training=True, eps=layer.epsilon
            )
            for one in parts
        ]
        with torch.no_grad():
            moments = [torch.var_mean(p, axes, correction=0) for p in parts]
            for role, values in zip(("variance", "mean"), zip(*moments, strict=True), strict=True):
                old, new = self.arrays[f"{name}.{role}"], torch.stack(values).mean(0)
                self.moved[f"{name}.{role}"] = torch.lerp(new, old, layer.momentum)
        made = torch.cat(made).movedim(1, -1)
        return self.by_class(made, name) if layer.conditional else made

    def by_class(self, x, name):
        """Multiply and add what belongs to each image's class."""
        factors, added = (
            self.row_of_labels(self.arrays[f"{name}.{r}"]) for r in ("scale", "shift")
        )
        flat = x.reshape(len(x), -1, x.shape[-1])
        return (flat + flat * factors[:, None] + added[:, None]).reshape(x.shape)


def reconstructed(layer, inputs, x):
    """Return minus the error of each image's reconstruction, a row."""
    compare = functional.l1_loss if layer.distance == "l1" else functional.mse_loss
    return -torch.stack([compare(*pair) for pair in zip(x, inputs, strict=True)])[:, None]


def first(x):
    return x.permute(0, 3, 1, 2)


def last(x):
    return x.permute(0, 2, 3, 1)
