"""Finds the target of a command from options and environment variables."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from migrator.core.errors import Refused

# libpq's variables that name a target, and the parameters that override each of them.
_TARGET_VARIABLES = {
    "PGHOST": {"host", "hostaddr", "service"},
    "PGHOSTADDR": {"host", "hostaddr", "service"},
    "PGPORT": {"port", "service"},
    "PGDATABASE": {"dbname", "service"},
    "PGSERVICE": {"service"},  # to libpq, an empty one is a service without a name
}
# Variables for certificates, password and service files, and for the required security.
_POLICY = (
    "PGPASSFILE",
    "PGSERVICEFILE",
    "PGSYSCONFDIR",
    "PGCONNECT_TIMEOUT",
    "PGSSL",
    "PGREQUIRE",
    "PGCHANNELBINDING",
    "PGGSS",
)
SECRETS = frozenset(
    {"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
)
_SCHEME = re.compile(r"postgres(?:ql)?(?:\+psycopg)?://")  # the second is yoyo's for psycopg 3
_AROUND = " \t\r\n'\"`"


@dataclass(frozen=True, slots=True)
class Target:
    """A database to connect to, and the role.

    Args:
        parameters: libpq's connection parameters, including the password.
        origin: What named the target: an option, a variable, the embedded server.
        shown: The target for messages, without secrets.
        variables: libpq's environment variables that belong to it; a connection sees no others.

    """

    parameters: Mapping[str, str]
    origin: str
    shown: str
    variables: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(
        cls, conninfo: str, origin: str, variables: Mapping[str, str] | None = None
    ) -> Target:
        """Return the target of a URL or `key=value` string.

        Args:
            conninfo: The URL or string.
            origin: What gave it: an option, a variable, the embedded server.
            variables: libpq's environment variables, for parameters that it does not give.

        Raises:
            Refused: It cannot be parsed.

        """
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        if not conninfo.strip():
            raise _empty(origin)
        conninfo = _SCHEME.sub("postgresql://", conninfo, count=1)
        _refuse_doubtful(conninfo, origin)
        try:
            parameters = conninfo_to_dict(conninfo)
        except (ProgrammingError, UnicodeError):
            raise _unreadable(conninfo, origin) from None
        # An empty database name would override the service's or the variable's.
        known = {key: str(value) for key, value in parameters.items() if value}
        return _target(known, origin, variables or {})

    def called(self, application: str) -> Target:
        """Return the same target with this application_name, unless another one is set."""
        return replace(
            self, parameters={"fallback_application_name": application, **self.parameters}
        )

    def beside(self, database: str) -> Target:
        """Return another database of the same server, for the same role."""
        parameters = {**self.parameters, "dbname": database}
        shown = f"{self.shown} (database {database})"
        return Target(parameters, self.origin, shown, self.variables)


def resolve(
    database: str | None, environment: Mapping[str, str], origin: str = "--database"
) -> Target | None:
    """Find the target that the user named; None means the embedded server.

    Args:
        database: The value of --database, a URL or `key=value` string.
        environment: The environment: DATABASE_URL and libpq's variables.
        origin: Where that value is from: the option, or its environment variable.

    Raises:
        Refused: The URL or string cannot be parsed, or a variable that would name the target is
            empty.

    """
    variables = {name: environment[name] for name in environment if is_of_libpq(name)}
    found: Target | None
    if database is not None:
        found = Target.parse(database, origin, variables)
    elif "DATABASE_URL" in environment:
        found = Target.parse(environment["DATABASE_URL"], "DATABASE_URL", variables)
    else:
        given = [name for name in _TARGET_VARIABLES if environment.get(name)]
        found = _target({}, " and ".join(given), variables) if given else None
    _refuse_empty(environment, found.parameters if found else {})
    return found


def _refuse_empty(environment: Mapping[str, str], parameters: Mapping[str, str]) -> None:
    """Refuse an empty variable that would name the target: a secret may be lost."""
    for name, deciding in _TARGET_VARIABLES.items():
        if environment.get(name) == "" and not deciding & parameters.keys():
            raise _empty(name)


def _empty(origin: str) -> Refused:
    if origin.startswith("-"):
        return Refused(
            f"{origin} is empty: it names no database.",
            hint=f"Give {origin} a value, or leave it out.",
        )
    return Refused(
        f"{origin} is set but empty: it names no database.",
        hint=f"Give {origin} its value, or run `unset {origin}`.",
    )


def _refuse_doubtful(conninfo: str, origin: str) -> None:
    """Refuse what libpq may read otherwise than it is meant, so that it would show a password."""
    bare = conninfo.strip(_AROUND)
    if not _SCHEME.match(bare):
        return
    if bare != conninfo:
        raise Refused(
            f"{origin} has quotes or white space around the URL.",
            hint="Remove them; in a file, also the line end after the URL.",
        )
    before, at, after = bare.partition("://")[2].partition("@")
    if at and ("/" in before or "@" in after.partition("?")[0]):
        raise Refused(
            f"{origin} has an @ or / in the user, the password or the database's name.",
            hint="Percent-encode special characters: @ as %40, / as %2F, : as %3A.",
        )


def _unreadable(conninfo: str, origin: str) -> Refused:
    """Return an error for what libpq cannot parse; its own message may quote the password."""
    from psycopg.pq import Conninfo

    _, _, query = conninfo.partition("?")
    names = set(re.findall(r"(?:^|&)([a-z_]+)=", query))
    unknown = sorted(names - {each.keyword.decode() for each in Conninfo.get_defaults()})
    if unknown and _SCHEME.match(conninfo) and not names & SECRETS:
        return Refused(
            f"{origin} has a parameter that PostgreSQL does not know: {', '.join(unknown)}.",
            hint="Remove it. What another program wants to know belongs in its own variable.",
        )
    return Refused(
        f"{origin} is neither a postgresql:// URL nor a key=value connection string.",
        hint="For example postgresql://user@host:5432/name or 'host=/run/postgresql "
        "dbname=name'; percent-encode special characters of a password in a URL.",
    )


def resolve_other(
    conninfo: str | None, option: str, environment: Mapping[str, str]
) -> Target | None:
    """Find a server that an option names in addition to the target.

    libpq's variables belong to the target. If the option names a server itself, they do not change
    its address or its role, and the target's password is not sent to it.

    Args:
        conninfo: The value of the option; None if it is not given.
        option: The name of the option.
        environment: The environment of the process.

    Raises:
        Refused: The URL or string cannot be parsed.

    """
    if conninfo is None:
        return None
    variables = {name: environment[name] for name in environment if is_of_libpq(name)}
    found = Target.parse(conninfo, option, variables)
    if found.parameters.keys() & {"host", "hostaddr", "service"}:
        policy = {name: variables[name] for name in variables if name.startswith(_POLICY)}
        found = Target.parse(conninfo, option, policy)
    return found


def environment_with(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of this process, but with only these variables of libpq."""
    others = {name: value for name, value in os.environ.items() if not is_of_libpq(name)}
    return {**others, **variables}


def is_of_libpq(variable: str) -> bool:
    """Say whether libpq may read an environment variable of this name."""
    return variable.startswith("PG") and not variable.startswith("PG_")


def _target(parameters: Mapping[str, str], origin: str, variables: Mapping[str, str]) -> Target:
    if parameters.keys() & {"host", "hostaddr"}:  # PGHOSTADDR belongs to PGHOST
        variables = {name: variables[name] for name in variables if name != "PGHOSTADDR"}

    def value(key: str) -> str:
        return parameters.get(key) or variables.get(f"PG{key.upper()}", "")

    user, port, service = value("user"), value("port"), value("service")
    host = value("host") or value("hostaddr")
    database = parameters.get("dbname") or variables.get("PGDATABASE", "")
    if "://" in f"{user} {host} {database} {service}" or re.search(r"[^\d, ]", port):
        raise Refused(
            f"{origin} has a URL in the place of a name, or a port that is no number.",
            hint="Give a URL with --database or DATABASE_URL. In a URL, percent-encode special "
            "characters of the password.",
        )
    at = f"postgresql://{user + '@' if user else ''}"
    if host.startswith("/"):
        shown = f"{at}/{database}?host={host}" + (f"&port={port}" if port else "")
    else:
        shown = f"{at}{host}{':' + port if port else ''}/{database}"
    shown += f" service={service}" if service else ""
    return Target(parameters, origin, shown, variables)
