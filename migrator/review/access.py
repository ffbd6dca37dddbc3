"""What roles may do no more, or see now: privileges, row security, and whose rights count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migrator.catalogue.objects import Object

_RIGHTS = {
    "r": "SELECT",
    "a": "INSERT",
    "w": "UPDATE",
    "d": "DELETE",
    "D": "TRUNCATE",
    "x": "REFERENCES",
    "t": "TRIGGER",
    "m": "MAINTAIN",
    "X": "EXECUTE",
    "U": "USAGE",
    "C": "CREATE",
    "c": "CONNECT",
    "T": "TEMPORARY",
    "s": "SET",
    "A": "ALTER SYSTEM",
}
_MEMBER = "membership of "
_OF_TABLES = "arwdDxtm"
_ADMITS_ALL = {
    "command": "ALL",
    "kind": "permissive",
    "roles": "public",
    "USING": "true",
    "WITH CHECK": "true",
}
_NO = ("", "false", "off", "no", "0")


def of_privileges(old: Object, new: Object, roles: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield what each role may do no more with an object.

    Args:
        old: The object before.
        new: The object after.
        roles: What each role may do after, and of which roles it is a member.

    """
    had, has = (_granted(each.properties.get("privileges", "")) for each in (old, new))
    for role, rights in had.items():
        able = "".join(has.get(each, "") for each in ("", *_with_groups(role, roles)))
        lost = [each for each in rights if each not in able]
        if lost:
            named = ", ".join(_RIGHTS.get(each, each) for each in lost)
            yield f"{role or 'everybody'} loses {named} on {old.title}"


def _with_groups(role: str, roles: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a role, and the roles of which it is a member and has the rights."""
    found = [role]
    for name in found:  # which become more
        rights = roles.get(name, ())
        groups = (each.removeprefix(_MEMBER) for each in rights if each.startswith(_MEMBER))
        found += [each for each in groups if each not in found and "INHERIT" in rights]
    return found


def _granted(privileges: str) -> dict[str, str]:
    """Return the rights of each role, by their letters; of everybody, by an empty name."""
    found: dict[str, str] = {}
    for item in privileges.split(", "):
        role, is_granted, rights = item.rpartition("/")[0].rpartition("=")
        if is_granted:
            letters = rights.replace("*", "").replace("all", _OF_TABLES)
            found[role] = found.get(role, "") + letters
    return found


def of_rights(old: Object, new: Object) -> Iterator[str]:
    """Yield with whose rights a view reads now, or a function runs."""
    had, has = _is_invoker(old), _is_invoker(new)
    if had is not None and has is not None and had != has:
        whose = "its caller" if has else "its owner"
        yield f"{old.title} works with the rights of {whose} now"


def _is_invoker(each: Object) -> bool | None:
    if each.kind in {"function", "procedure"}:
        return " SECURITY DEFINER" not in each.properties["definition"].partition("\nAS ")[0]
    if each.kind != "view":
        return None
    options = dict(
        option.split("=", 1) for option in each.properties.get("options", "").split(", ") if option
    )
    return options.get("security_invoker", "") not in _NO


def of_row_security(
    old: Object, new: Object, before: Mapping[str, Object], after: Mapping[str, Object]
) -> Iterator[str]:
    """Yield what the row security of a table admits no more, or keeps back no more.

    Args:
        old: The table before.
        new: The table after.
        before: Its policies before, by their names.
        after: Its policies after.

    """
    had, has = (each.properties.get("row security", "off") for each in (old, new))
    kept_back, keep_back = _restrictive(before), _restrictive(after)
    if has.startswith("off"):
        if not had.startswith("off"):
            yield f"row security of {old.name} is off: roles see all rows that they may read"
        return
    if keep_back or not any(_admits_all(each) for each in after.values()):
        left = f"only what {', '.join(after)} admits" if after else "nothing: it has no policy"
        if had != has:
            yield f"row security of {old.name} is {has}: roles see and write {left}"
        else:
            for policy in before.values():
                if policy.text not in {each.text for each in after.values()}:
                    what = "gone" if policy.name not in after else "another now"
                    yield f"{policy.title} is {what}: roles see and write {left}"
    if not had.startswith("off"):
        yield from (f"{each.title} keeps rows back" for each in keep_back - kept_back)
        if before and not keep_back:
            yield from (f"{each.title} keeps no rows back now" for each in kept_back)


def _restrictive(policies: Mapping[str, Object]) -> set[Object]:
    return {each for each in policies.values() if each.properties["kind"] == "restrictive"}


def _admits_all(policy: Object) -> bool:
    return {"WITH CHECK": "true", **policy.properties} == _ADMITS_ALL
