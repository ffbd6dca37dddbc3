"""Says whether one type of a column is a wider one of the same kind as another."""

from __future__ import annotations

import re

_ORDERS = (("smallint", "integer", "bigint"), ("real", "double precision"))
_SIZED = re.compile(r"([a-z ]+?)(?:\((\d+)(?:,(-?\d+))?\))?( with(?:out)? time zone)?(\[\])?")
_TEXTS = {"character varying", "text"}
_NO_LIMIT = 10**9


def widens(before: str, after: str) -> bool:
    """Say whether a type is a wider one of the same kind, as format_type names them.

    Args:
        before: The type that a column had.
        after: The type that it has.

    """
    for order in _ORDERS:
        if before in order and after in order:
            return order.index(before) <= order.index(after)
    old, new = _SIZED.fullmatch(before), _SIZED.fullmatch(after)
    if not old or not new or old.group(4, 5) != new.group(4, 5):
        return False
    is_same = old[1] == new[1] and old[1] not in {"bit", "character"}
    if not is_same and not {old[1], new[1]} <= _TEXTS:
        return False
    if "text" in {old[1], new[1]}:
        return new[1] == "text" or new[2] is None
    had, has = int(old[2] or _NO_LIMIT), int(new[2] or _NO_LIMIT)
    digits, more = int(old[3] or 0), int(new[3] or 0)
    if new[2] is None:
        return True
    return digits <= more and had - digits <= has - more
