"""Licences by the identifiers that model hubs index.

The list is that of Hugging Face's documentation, "Licenses", without `other`, `unknown` and the
licences of single models of other makers: https://huggingface.co/docs/hub/repositories-licenses
"""

from __future__ import annotations

from gankit.errors import UnknownName, known_name

_IDENTIFIERS = (
    "afl-3.0 agpl-3.0 apache-2.0 artistic-2.0 bigcode-openrail-m bigscience-bloom-rail-1.0 "
    "bigscience-openrail-m bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc "
    "cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 "
    "cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 "
    "cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0 cdla-permissive-2.0 cdla-sharing-1.0 "
    "creativeml-openrail-m ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 gfdl gpl gpl-2.0 "
    "gpl-3.0 isc lgpl lgpl-2.1 lgpl-3.0 lgpl-lr lppl-1.3c mit mpl-2.0 ms-pl ncsa odbl odc-by "
    "ofl-1.1 openrail openrail++ osl-3.0 pddl postgresql unlicense wtfpl zlib"
)
LICENCES = frozenset(_IDENTIFIERS.split())


def licence_of(name: str | None) -> str:
    """Return the identifier of a licence that a user named; empty for None.

    Raises
    ------
    UnknownName
        The list has no such licence.

    >>> licence_of("Apache-2.0")
    'apache-2.0'
    """
    if name is None:
        return ""
    found = known_name(name, LICENCES)
    if found is None:
        raise UnknownName("license", name, LICENCES)
    return found
