"""Sessions that work for one user, whom each transaction names to the database for row security."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, event, func, select
from sqlalchemy.orm import Session, SessionTransaction


class UserSession(Session):
    """A session in which row security lets one user's rows through; without a user, none.

    It is `sessionmaker(engine, class_=UserSession)(user_id=7)`, or, with asyncio,
    `async_sessionmaker(engine, sync_session_class=UserSession)(user_id=7)`. It works behind a
    transaction pooler, since the user is named in each transaction and forgotten with it.

    Args:
        arguments: Of Session.
        user_id: Whose rows; None before a log-in, and for workers.
        options: Of Session.

    """

    def __init__(self, *arguments: Any, user_id: int | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.user_id = user_id


@event.listens_for(UserSession, "after_begin")
def _name_the_user(
    session: UserSession, _transaction: SessionTransaction, connection: Connection
) -> None:
    if session.user_id is not None:
        connection.execute(select(func.set_config("app.user_id", str(session.user_id), True)))
