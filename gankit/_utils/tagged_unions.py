"""Tagged unions of dataclasses in TOML: one key of each member selects its type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema


@dataclass(frozen=True)
class Tagged:
    """Marks a tagged union for pydantic, with the key that selects a member's type.

    It is in `_utils` because both the layers and the configuration use it.
    """

    key: str

    def __get_pydantic_core_schema__(
        self, source: type, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the schema of the tagged union."""
        from pydantic import Field

        return handler.generate_schema(Annotated[source, Field(discriminator=self.key)])
