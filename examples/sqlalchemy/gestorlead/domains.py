"""Columns of a domain: SQLAlchemy's own DOMAIN has no operators, and no values of its base type."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator, TypeEngine


class Domain(TypeDecorator[Any]):
    """A domain of the database: it has a name, and else is as the type that it is over.

    Args:
        name: The domain's.
        base: The type that it is over.

    """

    cache_ok = True
    impl = TypeEngine

    def __init__(self, name: str, base: TypeEngine[Any]) -> None:
        super().__init__()
        self.name = name
        self.base = base
        self.impl = base  # type: ignore[assignment]


@compiles(Domain)
def _name(domain: Domain, *_: object, **__: object) -> str:
    return domain.name
