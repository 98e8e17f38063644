"""The first schema: sources, runs, parts, brands, decisions, audit log, budget.

Revision ID: 0001
Revises: none
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STAGES = (
    "'extract_frames', 'filter_scenes', 'detect_regions', 'run_ocr', "
    "'match_brands', 'escalate_vlm', 'escalate_cloud', 'compile_report'"
)


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("inverse", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("source_asset_id", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("group", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["undoes"], ["audit_log.id"], name="fk_audit_log_undoes"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_log_undoes", "audit_log", ["undoes"])
    op.create_table(
        "blobs",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_blobs"),
    )
    op.create_table(
        "books",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_books"),
    )
    op.create_table(
        "budget_reservations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("reserved_usd", sa.Integer(), nullable=False),
        sa.Column("actual_usd", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("settled_at", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('reserved', 'settled', 'overrun', 'released')",
            name=op.f("ck_budget_reservations_state"),
        ),
        sa.CheckConstraint("actual_usd >= 0", name=op.f("ck_budget_reservations_actual_usd")),
        sa.CheckConstraint("reserved_usd >= 0", name=op.f("ck_budget_reservations_reserved_usd")),
        sa.PrimaryKeyConstraint("id", name="pk_budget_reservations"),
    )
    op.create_index("ix_budget_reservations_job_id", "budget_reservations", ["job_id"])
    op.create_table(
        "deny_list",
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("folded", name="pk_deny_list"),
    )
    op.create_table(
        "known_brands",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("canonical_name", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("first_source", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("updated_at", sa.String(), nullable=False),
        sa.CheckConstraint(
            "first_source IN ('ocr', 'local_vlm', 'cloud_llm', 'manual')",
            name=op.f("ck_known_brands_first_source"),
        ),
        sa.CheckConstraint(
            "merged_into IS NULL OR merged_into <> id", name=op.f("ck_known_brands_merged_into")
        ),
        sa.ForeignKeyConstraint(["merged_into"], ["known_brands.id"], name="fk_known_brands_merged_into"),
        sa.PrimaryKeyConstraint("id", name="pk_known_brands"),
    )
    op.create_index("ix_known_brands_folded", "known_brands", ["folded"])
    op.create_index("ix_known_brands_merged_into", "known_brands", ["merged_into"])
    op.create_table(
        "library_info",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_library_info"),
    )
    op.create_table(
        "memo",
        sa.Column("space", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("space", "key", name="pk_memo"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "not_same",
        sa.Column("first", sa.String(), nullable=False),
        sa.Column("second", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.CheckConstraint("first < second", name=op.f("ck_not_same_sorted")),
        sa.PrimaryKeyConstraint("first", "second", name="pk_not_same"),
    )
    op.create_table(
        "source_assets",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("content_digest", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("duration", sa.Integer(), nullable=False),
        sa.Column("frame_rate", sa.String(), nullable=False),
        sa.Column("time_base", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("codec", sa.String(), nullable=False),
        sa.Column("rotation", sa.Integer(), nullable=False),
        sa.Column("start_time", sa.Integer(), nullable=False),
        sa.Column("interlaced", sa.Boolean(), nullable=False),
        sa.Column("hdr", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("imported_at", sa.String(), nullable=False),
        sa.Column("decision_revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source_assets"),
        sa.UniqueConstraint("content_digest", name="uq_source_assets_content_digest"),
    )
    op.create_index("ix_source_assets_path", "source_assets", ["path"])
    op.create_table(
        "blob_pins",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["blobs.digest"], name="fk_blob_pins_digest"),
        sa.PrimaryKeyConstraint("owner", "digest", name="pk_blob_pins"),
    )
    op.create_index("ix_blob_pins_digest", "blob_pins", ["digest"])
    op.create_table(
        "book_brands",
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("brand_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["book"], ["books.name"], name="fk_book_brands_book", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["known_brands.id"], name="fk_book_brands_brand_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("book", "brand_id", name="pk_book_brands"),
    )
    op.create_index("ix_book_brands_brand_id", "book_brands", ["brand_id"])
    op.create_table(
        "brand_aliases",
        sa.Column("brand_id", sa.String(), nullable=False),
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["known_brands.id"], name="fk_brand_aliases_brand_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("brand_id", "alias", name="pk_brand_aliases"),
    )
    op.create_index("ix_brand_aliases_brand_id", "brand_aliases", ["brand_id"])
    op.create_index("ix_brand_aliases_folded", "brand_aliases", ["folded"])
    op.create_table(
        "brand_references",
        sa.Column("brand_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["brand_id"], ["known_brands.id"], name="fk_brand_references_brand_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["digest"], ["blobs.digest"], name="fk_brand_references_digest"),
        sa.PrimaryKeyConstraint("brand_id", "digest", name="pk_brand_references"),
    )
    op.create_index("ix_brand_references_brand_id", "brand_references", ["brand_id"])
    op.create_index("ix_brand_references_digest", "brand_references", ["digest"])
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source_asset_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("brand_id", sa.String(), nullable=False),
        sa.Column("brand_name", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('confirm', 'reject', 'reassign', 'unsure', 'draw', 'edit')",
            name=op.f("ck_decisions_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["source_asset_id"], ["source_assets.id"], name="fk_decisions_source_asset_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_brand_id", "decisions", ["brand_id"])
    op.create_index("ix_decisions_source_asset_id", "decisions", ["source_asset_id"])
    op.create_table(
        "detect_jobs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source_asset_id", sa.String(), nullable=False),
        sa.Column("video_path", sa.String(), nullable=False),
        sa.Column("profile_name", sa.String(), nullable=False),
        sa.Column("parent_job_id", sa.String(), nullable=True),
        sa.Column("run_type", sa.String(), nullable=False),
        sa.Column("replay_from_stage", sa.String(), nullable=True),
        sa.Column("config_overrides", sa.String(), nullable=False),
        sa.Column("settings", sa.String(), nullable=False),
        sa.Column("books", sa.String(), nullable=False),
        sa.Column("escalation", sa.Boolean(), nullable=False),
        sa.Column("book_snapshot", sa.String(), nullable=False),
        sa.Column("book_digest", sa.String(), nullable=False),
        sa.Column("sightings_snapshot", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("current_stage", sa.String(), nullable=True),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("error_message", sa.String(), nullable=False),
        sa.Column("total_detections", sa.Integer(), nullable=False),
        sa.Column("brands_found", sa.Integer(), nullable=False),
        sa.Column("cloud_llm_calls", sa.Integer(), nullable=False),
        sa.Column("estimated_cost_usd", sa.Double(), nullable=False),
        sa.Column("worker_id", sa.String(), nullable=False),
        sa.Column("celery_task_id", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("started_at", sa.String(), nullable=True),
        sa.Column("completed_at", sa.String(), nullable=True),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("output_digest", sa.String(), nullable=False),
        sa.CheckConstraint("accepted = 0 OR status = 'completed'", name=op.f("ck_detect_jobs_accepted")),
        sa.CheckConstraint(
            f"current_stage IN ({STAGES})",
            name=op.f("ck_detect_jobs_current_stage"),
        ),
        sa.CheckConstraint(
            f"replay_from_stage IN ({STAGES})",
            name=op.f("ck_detect_jobs_replay_from_stage"),
        ),
        sa.CheckConstraint(
            "run_type IN ('initial', 'replay', 'retry')", name=op.f("ck_detect_jobs_run_type")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_detect_jobs_status"),
        ),
        sa.CheckConstraint("progress BETWEEN 0 AND 1", name=op.f("ck_detect_jobs_progress")),
        sa.ForeignKeyConstraint(
            ["parent_job_id"], ["detect_jobs.id"], name="fk_detect_jobs_parent_job_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["source_asset_id"],
            ["source_assets.id"],
            name="fk_detect_jobs_source_asset_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_detect_jobs"),
    )
    op.create_index("ix_detect_jobs_parent_job_id", "detect_jobs", ["parent_job_id"])
    op.create_index("ix_detect_jobs_source_asset_id", "detect_jobs", ["source_asset_id"])
    op.create_index("ix_detect_jobs_status", "detect_jobs", ["status"])
    op.create_index(
        "uq_detect_jobs_accepted",
        "detect_jobs",
        ["source_asset_id"],
        unique=True,
        sqlite_where=sa.text("accepted = 1"),
    )
    op.create_table(
        "parts",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("stage_version", sa.Integer(), nullable=False),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.Column("output_digest", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("payload_blob", sa.String(), nullable=True),
        sa.Column("payload_digest", sa.String(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("units", sa.Double(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.CheckConstraint(
            f"stage IN ({STAGES})",
            name=op.f("ck_parts_stage"),
        ),
        sa.CheckConstraint("(payload IS NULL) <> (payload_blob IS NULL)", name=op.f("ck_parts_payload")),
        sa.ForeignKeyConstraint(["payload_blob"], ["blobs.digest"], name="fk_parts_payload_blob"),
        sa.PrimaryKeyConstraint("key", name="pk_parts"),
    )
    op.create_index("ix_parts_payload_blob", "parts", ["payload_blob"])
    op.create_table(
        "decision_members",
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("span", sa.String(), nullable=False),
        sa.Column("samples", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("look", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("appearance", sa.String(), nullable=False),
        sa.Column("parts", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.id"], name="fk_decision_members_decision_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("decision_id", "position", name="pk_decision_members"),
    )
    op.create_table(
        "job_parts",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("chunk", sa.Integer(), nullable=False),
        sa.Column("part_key", sa.String(), nullable=False),
        sa.CheckConstraint(
            f"stage IN ({STAGES})",
            name=op.f("ck_job_parts_stage"),
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["detect_jobs.id"], name="fk_job_parts_job_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["part_key"], ["parts.key"], name="fk_job_parts_part_key"),
        sa.PrimaryKeyConstraint("job_id", "stage", "chunk", name="pk_job_parts"),
    )
    op.create_index("ix_job_parts_part_key", "job_parts", ["part_key"])
    op.create_table(
        "part_blobs",
        sa.Column("part_key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["blobs.digest"], name="fk_part_blobs_digest"),
        sa.ForeignKeyConstraint(
            ["part_key"], ["parts.key"], name="fk_part_blobs_part_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("part_key", "digest", name="pk_part_blobs"),
    )
    op.create_index("ix_part_blobs_digest", "part_blobs", ["digest"])
    op.create_table(
        "source_brand_sightings",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("brand_id", sa.String(), nullable=False),
        sa.Column("source_asset_id", sa.String(), nullable=False),
        sa.Column("brand_name", sa.String(), nullable=False),
        sa.Column("first_seen", sa.Integer(), nullable=False),
        sa.Column("last_seen", sa.Integer(), nullable=False),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("detection_source", sa.String(), nullable=False),
        sa.Column("avg_confidence", sa.Double(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("texts", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.CheckConstraint(
            "detection_source IN ('ocr', 'local_vlm', 'cloud_llm', 'manual')",
            name=op.f("ck_source_brand_sightings_detection_source"),
        ),
        sa.CheckConstraint(
            "avg_confidence BETWEEN 0 AND 1", name=op.f("ck_source_brand_sightings_avg_confidence")
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["detect_jobs.id"], name="fk_source_brand_sightings_job_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_asset_id"],
            ["source_assets.id"],
            name="fk_source_brand_sightings_source_asset_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", "brand_id", name="pk_source_brand_sightings"),
    )
    op.create_index("ix_source_brand_sightings_brand_id", "source_brand_sightings", ["brand_id"])
    op.create_index(
        "ix_source_brand_sightings_source_asset_id", "source_brand_sightings", ["source_asset_id"]
    )
    op.create_table(
        "stage_checkpoints",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("stage_index", sa.Integer(), nullable=False),
        sa.Column("fields", sa.String(), nullable=False),
        sa.Column("frames_prefix", sa.String(), nullable=False),
        sa.Column("stats", sa.String(), nullable=False),
        sa.Column("config_snapshot", sa.String(), nullable=False),
        sa.Column("config_overrides", sa.String(), nullable=False),
        sa.Column("video_path", sa.String(), nullable=False),
        sa.Column("profile_name", sa.String(), nullable=False),
        sa.Column("skipped", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.CheckConstraint(
            f"stage IN ({STAGES})",
            name=op.f("ck_stage_checkpoints_stage"),
        ),
        sa.CheckConstraint("stage_index BETWEEN 0 AND 7", name=op.f("ck_stage_checkpoints_stage_index")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["detect_jobs.id"], name="fk_stage_checkpoints_job_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_stage_checkpoints"),
        sa.UniqueConstraint("job_id", "stage_index", name="uq_stage_checkpoints_job_id_stage_index"),
    )
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_log_no_{verb.lower()} BEFORE {verb} ON audit_log "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )
