"""Dead letters follow from rows."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "task", sa.Column("to_bury", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_index(
        "ix_task_to_bury",
        "task",
        ["finished_at"],
        unique=False,
        postgresql_where=sa.text("to_bury"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_task_to_bury", table_name="task", postgresql_where=sa.text("to_bury"))
    op.drop_column("task", "to_bury")
