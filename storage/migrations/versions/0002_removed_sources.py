"""Sources that a person took out of the library.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "removed_sources",
        sa.Column("source_asset_id", sa.String(), nullable=False),
        sa.Column("removed_at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_asset_id"],
            ["source_assets.id"],
            name="fk_removed_sources_source_asset_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_asset_id", name="pk_removed_sources"),
    )
