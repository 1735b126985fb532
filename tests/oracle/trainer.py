"""The two updates, with `torch.optim` and `torch.autograd`."""

from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional

from gankit.contract.dropout_masks import Masks
from gankit.optimizers import SGD, Adam
from tests.oracle import losses
from tests.oracle.augmentation import view
from tests.oracle.networks import ForwardPass

RUNNING = (".mean", ".variance", ".deviation", "_u")
SIDES = ("generator", "discriminator")


class Oracle:
    """A run in float64 from a given state; `smoothing` is the loss's share."""

    def __init__(self, problem, state, smoothing=0.0):
        self.problem, self.smoothing, self.masks = problem, smoothing, Masks(problem)
        self.arrays = {name: torch.tensor(array) for name, array in state.items()}
        self.networks = {"generator": ("generator", *problem.networks), "discriminator": SIDES[1:]}
        self.optimizers = {}
        for side, networks in self.networks.items():
            for name in networks:
                weights = self.weights(name)
                for weight in weights.values():
                    weight.requires_grad_()
                chosen = getattr(problem, f"{side}_optimizer")
                self.optimizers[name] = made(chosen, weights.values())

    def part(self, side):
        start = len(side) + 1
        return {n[start:]: a for n, a in self.arrays.items() if n.startswith(f"{side}/")}

    def weights(self, side):
        frozen = [part.split(":")[1] for part in self.problem.freeze if part.startswith(side)]
        return {
            n: a
            for n, a in self.part(side).items()
            if not n.endswith(RUNNING) and n.split(".")[0] not in frozen
        }

    def update_discriminator(self, batch):
        batch = tensors(batch)
        masks = self.drawn(batch, last=False)
        with torch.no_grad():
            fake, code, _ = self.made(batch, masks)
        logits, moved = self.discriminate(fake, batch, masks, real=True, code=code)
        fakes, reals = logits.chunk(2)
        loss = losses.discriminator(
            self.problem.loss.name,
            self.logits(reals),
            self.logits(fakes),
            self.smoothing,
            self.part("loss"),
        )
        if "real" in (means := self.part("loss")):
            loss = loss + losses.lecam(self.logits(reals), self.logits(fakes), means)
        loss = self.adversarial.get("discriminator", 1.0) * loss
        values = self.classified(batch, fakes, reals)
        halves = {"fake": fakes, "real": reals}
        if any(term.kind == "mutual-information" for term in self.problem.terms):
            images, number = self.seen(batch.real, "again", batch), self.problem.values.again
            own = {"scope": f"penalty/{number - 1}", "beside": code}
            halves["again"], _ = self.run("discriminator", images, batch, masks, **own)
        values += self.termed("discriminator", batch, **halves)
        loss = loss + sum(weight * value for weight, value in values)
        for number, penalty in enumerate(self.problem.penalties):
            weight = batch.scalars[f"penalty/{number}"]
            if weight:
                loss = loss + weight * self.penalty(number, penalty, fake, batch, masks, code)
        self.move("discriminator", loss, batch, {"discriminator": moved})
        self.follow(self.image_logits(reals), self.image_logits(fakes))
        logged = [(None, self.arrays[name]) for name in self.problem.logged_scalars]
        return columns(loss, values + logged)

    def update_generator(self, batch):
        batch = tensors(batch)
        masks = self.drawn(batch, last=True)
        fake, code, moved = self.made(batch, masks)
        paired = self.problem.loss.paired
        matching = any(term.kind == "feature-matching" for term in self.problem.terms)
        weight = self.adversarial.get("generator", 0.0 if self.adversarial else 1.0)
        joined = (
            matching
            or (paired and "generator" in self.adversarial)
            or (paired and not self.adversarial)
        )
        logits, _ = self.discriminate(fake, batch, masks, real=joined, code=code)
        fakes, *reals = logits.split(len(fake))
        real = self.logits(reals[0]) if paired else None
        loss = self.generator_loss(real, self.logits(fakes))
        values = self.classified(batch, fakes)
        values += self.termed(
            "generator",
            batch,
            generated=fake,
            fake=fakes,
            features=lambda n: self.discriminate(
                fake, batch, masks, real=True, layers=n, code=code
            )[0],
            alone=lambda term: self.features(fake, term.layer, batch, masks),
        )
        loss = weight * loss + sum(weight * value for weight, value in values)
        self.move("generator", loss, batch, moved)
        if self.problem.average:
            self.blend(batch.scalars["average"])
        self.arrays["step"] += 1
        return columns(loss, values)

    def generator_loss(self, real, fake):
        name, scalars = self.problem.loss.name, self.part("loss")
        if self.problem.loss.paired and name not in losses.PAIRED:  # It is swapped.
            return losses.discriminator(name, fake, real, self.smoothing, scalars)
        return losses.generator(name, real, fake, scalars)

    def made(self, batch, masks):
        """Return fakes, the codes of real images, and the running state of each network."""
        fake, moved = self.run("generator", self.given(batch), batch, masks)
        if not self.problem.networks:
            return fake, None, {"generator": moved}
        code, encoder = self.run("encoder", batch.real, batch, masks)
        return fake, code, {"generator": moved, "encoder": encoder}

    @property
    def adversarial(self):
        named = [term for term in self.problem.terms if term.kind == "adversarial"]
        return {side: term.weight for term in named for side in term.sides}

    def logits(self, outputs):
        return outputs.flatten() if outputs.ndim == 4 else outputs[:, 0]

    def image_logits(self, outputs):
        return outputs.mean((1, 2, 3)) if outputs.ndim == 4 else outputs[:, 0]

    def drawn(self, batch, *, last):
        masks = self.masks(batch.key, len(batch.noise), last=last)
        return {name: torch.tensor(mask) for name, mask in masks.items()}

    def given(self, batch):
        return batch.noise if batch.source is None else batch.source

    def run(
        self, side, inputs, batch, masks, *,
        labels=None, halves=1, scope=None, layers=None, beside=None,
    ):  # fmt: skip
        scope = f"{scope or side}/"
        here = {n.removeprefix(scope): m for n, m in masks.items() if n.startswith(scope)}
        labels = batch.labels if labels is None else labels
        if beside is None and batch.source is not None:
            beside = torch.cat([batch.source] * halves)
        run = ForwardPass(self.part(side), labels, here, halves, beside)
        further = self.problem.networks.get(side)
        spec = further.layers if further else getattr(self.problem, side)
        return run(spec[:layers], inputs), run.moved

    def discriminate(self, fake, batch, masks, *, real, layers=None, code=None):
        halves = [self.seen(fake, "fake", batch)]
        beside = None if code is None else torch.cat([batch.noise, code] if real else [batch.noise])
        labels = batch.labels
        if real:
            halves.append(self.seen(batch.real, "real", batch))
            labels = None if labels is None else torch.cat([labels, labels])
        count = len(halves)
        images, given = torch.cat(halves), {"labels": labels, "halves": count, "layers": layers}
        return self.run("discriminator", images, batch, masks, beside=beside, **given)

    def seen(self, images, half, batch):
        augment = self.problem.augment
        p = batch.scalars.get("augment")
        if augment and augment.adaptive:
            p = self.arrays["ada/p"]
        return view(images, half, batch, augment.policy if augment else (), p)

    def classified(self, batch, *halves):
        weight, labels = self.problem.auxiliary, batch.labels
        if not weight:
            return []
        classes = slice(1, 1 + self.problem.classes)
        return [(weight, functional.cross_entropy(half[:, classes], labels)) for half in halves]

    def termed(self, side, batch, features=None, alone=None, generated=None, **halves):
        first = 1 + (self.problem.classes if self.problem.auxiliary else 0)
        columns, found = {}, []
        for name, size in self.problem.heads.items():
            columns[name], first = slice(first, first + size), first + size
        for term in self.problem.terms:
            if side not in term.sides or term.kind == "adversarial":
                continue
            if term.kind == "feature-matching":
                layers = list(range(len(self.problem.discriminator)))[term.layer] + 1
                means = [half.flatten(1).mean(0) for half in features(layers).chunk(2)]
                found.append((term.weight, torch.dist(*means).square()))
            elif term.kind == "pulling-away":
                found.append((term.weight, apart(alone(term).flatten(1))))
            elif term.of == "fake":
                to = batch.real if term.to == "real" else batch.source
                found.append((term.weight, compared(term.kind, generated, to)))
            elif term.kind == "mutual-information":
                own = columns[term.head]
                value = -shared(halves["real"][:, own], halves["again"][:, own])
                found.append((term.weight, value))
            else:
                half, name = term.of.split("/")
                target = batch.labels if term.to == "label" else self.code(batch, term.to)
                value = compared(term.kind, halves[half][:, columns[name]], target)
                found.append((term.weight, value))
        return found

    def features(self, fake, layer, batch, masks):
        """Return the outputs of a layer for fakes alone, not augmented, in the last pass."""
        count = list(range(len(self.problem.discriminator)))[layer] + 1
        scope = f"penalty/{len(self.problem.penalties)}"
        beside = batch.noise if self.problem.networks else None
        how = {"scope": scope, "layers": count, "beside": beside}
        return self.run("discriminator", fake, batch, masks, **how)[0]

    def code(self, batch, value):
        widths = [self.problem.latent, *(code.size for code in self.problem.codes)]
        names = ["noise", *(f"code/{code.name}" for code in self.problem.codes)]
        return dict(zip(names, batch.noise.split(widths, 1), strict=True))[value]

    def penalty(self, number, penalty, fake, batch, masks, code):
        drawn = {n: batch.random.get(f"penalty/{number}/{n}") for n in ("alpha", "noise")}
        match penalty.where:
            case "real":
                x = batch.real
            case "fake":
                x = fake
            case "between":
                x = torch.lerp(batch.real, fake, drawn["alpha"].expand_as(fake))
            case "around":
                spread = 0.5 * torch.std(batch.real, correction=0)
                x = torch.addcmul(batch.real, drawn["alpha"] * spread, drawn["noise"])
        x = x.detach().requires_grad_()
        half = "fake" if penalty.where == "fake" else "real"
        beside = None if code is None else {"fake": batch.noise, "real": code}[half]
        shown, scope = self.seen(x, half, batch), f"penalty/{number}"
        made, _ = self.run("discriminator", shown, batch, masks, scope=scope, beside=beside)
        (slope,) = torch.autograd.grad(self.image_logits(made).sum(), x, create_graph=True)
        squares = slope.flatten(1).pow(2).sum(1)
        if penalty.target == 0:
            return squares.pow(penalty.power / 2).mean() / 2
        return functional.mse_loss(
            (squares + penalty.epsilon).sqrt(), torch.full_like(squares, penalty.target)
        )

    def move(self, side, loss, batch, moved):
        chosen = getattr(self.problem, f"{side}_optimizer")
        weights = {n: list(self.weights(n).values()) for n in self.networks[side]}
        flat = [weight for own in weights.values() for weight in own]
        gradients = torch.autograd.grad(loss, flat, allow_unused=True)
        for weight, gradient in zip(flat, gradients, strict=True):
            weight.grad = torch.zeros_like(weight) if gradient is None else gradient
        for name in weights:
            for group in self.optimizers[name].param_groups:
                group["lr"] = batch.scalars[f"{side}/learning_rate"]
                if isinstance(chosen, Adam):
                    group["betas"] = (chosen.beta1, batch.scalars[f"{side}/beta2"])
            self.optimizers[name].step()
        with torch.no_grad():
            for weight in flat if chosen.clip is not None else ():
                weight.clamp_(-chosen.clip, chosen.clip)
        for network, running in moved.items():
            for name, value in running.items():
                self.arrays[f"{network}/{name}"] = value

    @torch.no_grad()
    def blend(self, beta):
        moving = self.weights("generator")
        for name, value in self.part("generator").items():
            old = self.arrays[f"average/{name}"]
            kept = beta * old + (1 - beta) * value if name in moving else value
            self.arrays[f"average/{name}"] = kept.detach().clone()

    @torch.no_grad()
    def follow(self, real, fake):
        if scalars := self.part("loss"):
            moved = losses.followed(scalars, real, fake)
            self.arrays |= {f"loss/{name}": scalar for name, scalar in moved.items()}
        augment = self.problem.augment
        if not (augment and augment.adaptive):
            return
        self.arrays["ada/signs"] += torch.sign(real).mean()
        self.arrays["ada/updates"] += 1
        if self.arrays["ada/updates"] == augment.every:
            above = torch.sign(self.arrays["ada/signs"] / augment.every - augment.target)
            update = above * len(real) * augment.every / augment.images
            self.arrays["ada/p"] = (self.arrays["ada/p"] + update).clamp(0, 1)
            self.arrays["ada/signs"] = torch.zeros((), dtype=torch.float64)
            self.arrays["ada/updates"] = torch.zeros((), dtype=torch.int64)

    def state(self):
        """Return what a trainer's state would be, by the same names."""
        found = {n: a.detach().numpy().copy() for n, a in self.arrays.items()}
        for network, optimizer in self.optimizers.items():
            prefix, kept = f"optimizer/{network}", optimizer.state
            for name, weight in self.weights(network).items():
                for mean, theirs in (("m", "exp_avg"), ("v", "exp_avg_sq"), ("v", "square_avg")):
                    if theirs in kept[weight]:
                        found[f"{prefix}/{mean}/{name}"] = kept[weight][theirs].numpy().copy()
                if "exp_avg" in kept[weight]:
                    found[f"{prefix}/t"] = np.array(int(kept[weight]["step"]), np.int64)
        return found


def columns(loss, values):
    """Return what an update returns: the loss, with terms also their values."""
    return np.array([float(value.detach()) for value in (loss, *(value for _, value in values))])


def apart(rows):
    """Return the mean over pairs of rows of the squared cosine of their angle."""
    cosines = functional.cosine_similarity(rows[:, None], rows[None], dim=2)
    return cosines[tuple(torch.triu_indices(len(rows), len(rows), 1))].square().mean()


def shared(of, again):
    """Return the mutual information of the classes of two views, given their logits."""
    views = torch.stack([of, again]).softmax(2)
    joint = torch.einsum("ni,nj->ij", *views) / len(of)
    joint = (joint + joint.T) / 2
    rest = joint / joint.sum(0, keepdim=True) / joint.sum(1, keepdim=True)
    return (joint * rest.log()).sum()


def compared(kind, of, to):
    """Return a term's value; `to` of a cross-entropy are classes, -1 for none, or probabilities."""
    if kind == "cross-entropy" and to.ndim == 1:
        of, to = of[to >= 0], to[to >= 0]
        if not len(to):
            return of.sum()
    match kind:
        case "cross-entropy":
            return functional.cross_entropy(of, to)
        case "l1":
            return functional.l1_loss(of, to)
        case "l2":
            return functional.mse_loss(of, to)
        case "gaussian":
            means, logs = of.chunk(2, 1)
            normal = torch.distributions.Normal(means, logs.mul(0.5).exp())
            return -normal.log_prob(to).sum(1).mean()
        case "binary-cross-entropy":
            return functional.binary_cross_entropy_with_logits(of, to)
    raise ValueError(kind)


def made(optimizer, weights):
    """Return torch's own optimizer, weight by weight."""
    weights = list(weights)
    match optimizer:
        case SGD():
            return torch.optim.SGD(weights, lr=0.1, foreach=False)
        case Adam(epsilon=epsilon):
            return torch.optim.Adam(weights, eps=epsilon, foreach=False)
    return torch.optim.RMSprop(weights, alpha=optimizer.decay, eps=optimizer.epsilon, foreach=False)


def tensors(batch):
    """Return a batch of tensors."""
    labels = None if batch.labels is None else torch.tensor(batch.labels)
    draws = {name: torch.tensor(draw) for name, draw in batch.random.items()}
    real, noise = torch.tensor(batch.real), torch.tensor(batch.noise)
    source = None if batch.source is None else torch.tensor(batch.source)
    return replace(batch, real=real, noise=noise, labels=labels, random=draws, source=source)
