"""Whether a problem's codes, heads and terms fit together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gankit.codes import Code, check_name
from gankit.contract.label_format import LabelFormat
from gankit.errors import ConfigError, UnknownName, shown
from gankit.layers import is_spec
from gankit.terms import ADVERSARIAL, CLASS, INFORMATION, MATCHING, Term


def check_codes(codes: Sequence[Code]) -> None:
    """Raise ConfigError for two codes of one name."""
    check_names("codes", [code.name for code in codes])


def check_names(place: str, names: Sequence[str]) -> None:
    """Raise ConfigError for a name that occurs twice."""
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{place}: got two of the name {name!r}; give each another name")


def check_heads(heads: object, *, auxiliary: bool) -> None:
    """Raise ConfigError unless `heads` are sizes of at least 1 by name."""
    if not isinstance(heads, Mapping):
        raise ConfigError(f"heads: got {shown(heads)}; expected sizes by name: {{'digit': 10}}")
    for name, size in heads.items():
        check_name("heads", name)
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ConfigError(f"heads.{name}: got {shown(size)}; expected a whole number above 0")
    if auxiliary and CLASS in heads:
        raise ConfigError(
            f"heads: got {CLASS!r} and auxiliary, which adds that head; leave out one of them"
        )


def head_width(heads: Mapping[str, int], *, auxiliary: bool) -> int:
    """Return the number of columns of checked heads."""
    check_heads(heads, auxiliary=auxiliary)
    return sum(heads.values())


def check_term(
    term: Term, number: int, heads: Mapping[str, int], codes: Sequence[Code], labels: LabelFormat
) -> None:
    """Raise ConfigError unless a term's head and its code or labels fit together.

    `source_checks` is about terms of images.
    """
    place = f"terms.{number}"
    if not term.has_head:
        return
    if term.head not in heads:
        raise UnknownName("head", term.head, sorted(heads))
    if term.kind == INFORMATION:
        if heads[term.head] < 2:
            raise ConfigError(
                f"heads.{term.head}: got {heads[term.head]}; expected at least 2 classes, for "
                f"{term.kind}"
            )
        return
    if term.code:
        by_name = {code.name: code for code in codes}
        if term.code not in by_name:
            raise UnknownName("code", term.code, sorted(by_name))
        code = by_name[term.code]
        if term.kind == "cross-entropy" and code.kind != "categorical":
            raise ConfigError(
                f"{place}.kind: got 'cross-entropy' to the {code.kind} code {code.name!r}; "
                "expected 'l1', 'l2' or 'gaussian'"
            )
        wanted, name = code.size * (2 if term.kind == "gaussian" else 1), term.to
    elif not labels:
        raise ConfigError(f"{place}.to: got 'label', but the data has no classes; give labels")
    elif (term.kind == "cross-entropy") != (labels.classes > 0):
        found, kinds = (
            ("classes", "'cross-entropy'")
            if labels.classes
            else ("vectors", "'l1', 'l2', 'gaussian' or 'binary-cross-entropy'")
        )
        raise ConfigError(
            f"{place}.kind: got {term.kind!r}; expected {kinds}, since the labels are {found}"
        )
    else:
        wanted = labels.width * (2 if term.kind == "gaussian" else 1)
        name = "the classes" if labels.classes else "the labels"
    if heads[term.head] != wanted:
        raise ConfigError(
            f"heads.{term.head}: got {heads[term.head]}; expected {wanted}, "
            f"for {term.kind} to {name}"
        )


def _is_main(term: Term, sees: Mapping[str, tuple[str, ...]]) -> bool:
    """Return whether a term is the adversarial loss of the discriminator on what it sees."""
    if term.kind != ADVERSARIAL or term.by not in ("", "discriminator"):
        return False
    return (term.real or sees["real"], term.fake or sees["fake"]) == (sees["real"], sees["fake"])


def main_adversarial(terms: Sequence[Term], sees: Mapping[str, tuple[str, ...]]) -> Term | None:
    """Return the adversarial term of the discriminator on what it sees, if one is named."""
    return next((term for term in terms if _is_main(term, sees)), None)


def further_adversarial(terms: Sequence[Term], sees: Mapping[str, tuple[str, ...]]) -> list[Term]:
    """Return the other adversarial terms."""
    return [term for term in terms if term.kind == ADVERSARIAL and not _is_main(term, sees)]


def check_adversarial(terms: Sequence[Term], sees: Mapping[str, tuple[str, ...]]) -> None:
    """Raise ConfigError for two main adversarial terms, or one that leaves out a side's loss."""
    named = [term for term in terms if _is_main(term, sees)]
    if len(named) > 1:
        raise ConfigError("terms: got two adversarial ones of the same values; expected one")
    for term in named:
        if "discriminator" not in term.sides:
            raise ConfigError(
                "terms: got no adversarial loss of the discriminator; add it to sides"
            )
        if not any("generator" in other.sides for other in terms):
            raise ConfigError(
                "terms: got no loss of the generator; give it a term, or the adversarial one"
            )
    for term in further_adversarial(terms, sees):
        if term.by not in ("", "discriminator") and not (term.real and term.fake):
            raise ConfigError(
                f"term.real: got nothing for an adversarial term of {term.by!r}; expected the "
                "values that it compares: real = ['source'], for example, and fake"
            )
        own = term.by in ("", "discriminator")
        if own and not named:
            raise ConfigError(
                f"term.real: got {list(term.real)}; expected also an adversarial term of "
                f"{list(sees['real'])}, what the discriminator sees"
            )


def check_features(terms: Sequence[Term], discriminator: object) -> None:
    """Raise ConfigError unless the discriminator has the layers that terms compare."""
    for number, term in enumerate(terms):
        if term.kind != MATCHING:
            continue
        if not is_spec(discriminator):
            raise ConfigError(
                f"terms.{number}.kind: got {MATCHING!r} for a native discriminator; expected one "
                "of layers"
            )
        count = len(discriminator)  # type: ignore[arg-type]
        if not -count <= term.layer < count:
            raise ConfigError(
                f"terms.{number}.of: got layer {term.layer}; the discriminator has the layers 0 to "
                f"{count - 1}, or -{count} to -1 from its end"
            )
