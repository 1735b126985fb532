"""How a union of dataclasses is told apart in TOML: by one key that each of them has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


@dataclass(frozen=True)
class Tagged:
    """Marks a union whose members are told apart by one key; pydantic asks it how.

    It stands here, and not beside the configuration, for a layer may hold layers.
    """

    key: str

    def __get_pydantic_core_schema__(
        self, source: type, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the schema of the tagged union."""
        from pydantic import Field

        return handler.generate_schema(Annotated[source, Field(discriminator=self.key)])
