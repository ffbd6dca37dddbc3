"""The queue, for workers. With asyncio: `await session.run_sync(claim, 10)`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from .models import Task, UnfinishedTask

# A statement writes; what the session had of these rows is as the statement left them.
_AS_WRITTEN = {"synchronize_session": False, "populate_existing": True}


def claim(session: Session, count: int) -> Sequence[Task]:
    """Claim the next queued tasks, which no other worker then gets. Commit, and only then work."""
    chosen = (
        select(UnfinishedTask.id)
        .where(UnfinishedTask.status == "queued")
        .order_by(UnfinishedTask.priority_order, UnfinishedTask.due_at, UnfinishedTask.id)
        .limit(count)
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    statement = (
        update(Task)
        .where(Task.id == chosen.c.id)
        .values(status="processing", started_at=func.clock_timestamp())
        .returning(Task)
    )
    return session.scalars(statement, execution_options=_AS_WRITTEN).all()


def end(
    session: Session,
    task_id: uuid.UUID,
    status: Literal["completed", "failed", "cancelled"],
    **values: Any,
) -> Task | None:
    """End a claimed task; return None if somebody else has ended it, or taken it away.

    Args:
        session: Whose transaction it is part of.
        task_id: Which.
        status: How it ended; failed needs an error_message.
        values: Of other columns, such as result_payload.

    """
    statement = (
        update(Task)
        .where(Task.id == task_id, Task.status == "processing", Task.completed_at.is_(None))
        .values(status=status, completed_at=func.clock_timestamp(), **values)
        .returning(Task)
    )
    return session.scalars(statement, execution_options=_AS_WRITTEN).one_or_none()
