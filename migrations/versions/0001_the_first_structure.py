"""the first structure

Revision ID: 0001
Revises:
Create Date: 2026-11-21 04:28:45.124336
"""

import sqlalchemy as sa
from alembic import context, op
from alembic.util import CommandError

import paritrana.database
from paritrana.audit.triggers import append_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Tables that only grow, with the condition under which an update is let through.
GUARDED: dict[str, str | None] = {
    "event": None,
    "event_body": "NEW.stream = OLD.stream AND NEW.seq = OLD.seq AND NEW.salt IS NULL AND NEW.body IS NULL AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.erased_reason IS NOT NULL",
    "publication": None,
    "result_run": None,
    "declaration": None,
    "nomination_revision": None,
    "recusal": None,
    "seal": None,
    "mark_revision": None,
}


def upgrade() -> None:
    op.create_table(
        "contribution_rate",
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("worker_group", sa.Text(), nullable=False),
        sa.Column("risk_class", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("date_basis", sa.Text(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("payer_condition", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("rate_kind", sa.Text(), nullable=False),
        sa.Column("value", paritrana.database.ExactDecimal(), nullable=False),
        sa.Column("min_idr", sa.BigInteger(), nullable=True),
        sa.Column("max_idr", sa.BigInteger(), nullable=True),
        sa.Column("wage_cap_idr", sa.BigInteger(), nullable=True),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "basis IN ('reported_wage', 'declared_income', 'lowest_income_band', 'flat', 'project_value', 'per_placement')",
            name=op.f("ck_contribution_rate_basis"),
        ),
        sa.CheckConstraint(
            "date_basis IN ('published', 'general_knowledge')", name=op.f("ck_contribution_rate_date_basis")
        ),
        sa.CheckConstraint(
            "payer IN ('employer', 'worker', 'state', 'recomposed_jkk', 'recomposed_jkm', 'self', 'apbn_apbd', 'any')",
            name=op.f("ck_contribution_rate_payer"),
        ),
        sa.CheckConstraint(
            "payer_condition IN ('any', 'self_paid_only', 'paid_by_state_or_regional_budget')",
            name=op.f("ck_contribution_rate_payer_condition"),
        ),
        sa.CheckConstraint(
            "programme IN ('jkk', 'jkm', 'jht', 'jp', 'jkp', 'jkk_jkm', 'jkk_jkm_jht')",
            name=op.f("ck_contribution_rate_programme"),
        ),
        sa.CheckConstraint(
            "rate_kind IN ('amount_idr_per_month', 'percent_of_wage', 'percent_of_project_value', 'amount_idr_once')",
            name=op.f("ck_contribution_rate_rate_kind"),
        ),
        sa.CheckConstraint(
            "risk_class IN ('very_low', 'low', 'medium', 'high', 'very_high')",
            name=op.f("ck_contribution_rate_risk_class"),
        ),
        sa.CheckConstraint(
            "status IN ('sourced', 'contradictory', 'general_knowledge')", name=op.f("ck_contribution_rate_status")
        ),
        sa.CheckConstraint(
            "worker_group IN ('pu', 'bpu', 'bpu_transport', 'bpu_non_transport', 'jakon', 'pmi')",
            name=op.f("ck_contribution_rate_worker_group"),
        ),
        sa.CheckConstraint(
            "min_idr >= 0 AND max_idr >= 0 AND wage_cap_idr >= 0", name=op.f("ck_contribution_rate_bounds")
        ),
        sa.CheckConstraint("valid_from <= valid_to", name=op.f("ck_contribution_rate_validity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contribution_rate")),
        sa.UniqueConstraint("key", name=op.f("uq_contribution_rate_key")),
    )
    op.create_table(
        "event",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at_utc", sa.Text(), nullable=False),
        sa.Column("object_ref", sa.Text(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("prev", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(commitment) = 32", name=op.f("ck_event_commitment_length")),
        sa.CheckConstraint("length(leaf) = 32", name=op.f("ck_event_leaf_length")),
        sa.CheckConstraint("length(prev) = 32", name=op.f("ck_event_prev_length")),
        sa.CheckConstraint("seq > 0", name=op.f("ck_event_seq_positive")),
        sa.PrimaryKeyConstraint("stream", "seq", name=op.f("pk_event")),
        sa.UniqueConstraint("stream", "leaf", name=op.f("uq_event_stream_leaf")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_event_object_ref"), ["object_ref"], unique=False)

    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_number", sa.Text(), nullable=True),
        sa.Column("fictitious", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("staff_number", name=op.f("uq_person_staff_number")),
    )
    op.create_table(
        "region",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("award_zone", sa.Text(), nullable=False),
        sa.Column("tile_row", sa.Integer(), nullable=True),
        sa.Column("tile_col", sa.Integer(), nullable=True),
        sa.Column("tile_label", sa.Text(), nullable=True),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'province') = (parent_code IS NULL)", name=op.f("ck_region_province_has_no_parent")
        ),
        sa.CheckConstraint(
            "(kind = 'province') = (tile_row IS NOT NULL) AND (tile_row IS NULL) = (tile_col IS NULL) AND (tile_row IS NULL) = (tile_label IS NULL)",
            name=op.f("ck_region_province_has_tile"),
        ),
        sa.CheckConstraint(
            "award_zone IN ('sumatera', 'jawa_bali', 'kalimantan', 'sulawesi', 'nusra_maluku_papua')",
            name=op.f("ck_region_award_zone"),
        ),
        sa.CheckConstraint("kind IN ('province', 'regency', 'city')", name=op.f("ck_region_kind")),
        sa.CheckConstraint(
            "timezone IN ('Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura')", name=op.f("ck_region_timezone")
        ),
        sa.ForeignKeyConstraint(["parent_code"], ["region.code"], name=op.f("fk_region_parent_code_region")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_region")),
        sa.UniqueConstraint("name", name=op.f("uq_region_name")),
        sa.UniqueConstraint("short_name", name=op.f("uq_region_short_name")),
        sa.UniqueConstraint("tile_label", name=op.f("uq_region_tile_label")),
        sa.UniqueConstraint("tile_row", "tile_col", name=op.f("uq_region_tile_row_tile_col")),
    )
    with op.batch_alter_table("region", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_region_parent_code"), ["parent_code"], unique=False)

    op.create_table(
        "rubric_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("category_kind", sa.Text(), nullable=False),
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("total", paritrana.database.ExactDecimal(), nullable=False),
        sa.Column("scale_min", paritrana.database.ExactDecimal(), nullable=False),
        sa.Column("scale_max", paritrana.database.ExactDecimal(), nullable=False),
        sa.Column("scale_step", paritrana.database.ExactDecimal(), nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("panel_size", sa.Integer(), nullable=False),
        sa.Column("panel_aggregate", sa.Text(), nullable=False),
        sa.Column("consolidation_spread", paritrana.database.ExactDecimal(), nullable=False),
        sa.Column("stages", paritrana.database.Document(), nullable=False),
        sa.Column("aspects", paritrana.database.Document(), nullable=False),
        sa.Column("gates", paritrana.database.Document(), nullable=False),
        sa.Column("tie_break", paritrana.database.Document(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("frozen_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "panel_aggregate IN ('mean', 'trimmed_mean')", name=op.f("ck_rubric_version_aggregate_known")
        ),
        sa.CheckConstraint(
            "status IN ('proposal', 'observed', 'decided')", name=op.f("ck_rubric_version_status_known")
        ),
        sa.CheckConstraint("CAST(total AS NUMERIC) > 0", name=op.f("ck_rubric_version_total_positive")),
        sa.CheckConstraint("quorum >= 1 AND quorum <= panel_size", name=op.f("ck_rubric_version_quorum_in_panel")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_rubric_version_version_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rubric_version")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_rubric_version_code_version")),
    )
    op.create_table(
        "security_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_role")),
        sa.UniqueConstraint("name", name=op.f("uq_security_role_name")),
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_key", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("forgiven", sa.Boolean(), nullable=False),
        sa.Column("at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failure")),
    )
    with op.batch_alter_table("sign_in_failure", schema=None) as batch_op:
        batch_op.create_index("ix_sign_in_failure_account_source", ["account_key", "source_key", "at"], unique=False)
        batch_op.create_index("ix_sign_in_failure_source", ["source_key", "at"], unique=False)

    op.create_table(
        "source",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("published", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("substr(url, 1, 4) = 'http'", name=op.f("ck_source_url")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_source")),
    )
    op.create_table(
        "stream_head",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("at_utc", sa.Text(), nullable=False),
        sa.CheckConstraint("length(leaf) = 32", name=op.f("ck_stream_head_leaf_length")),
        sa.CheckConstraint("seq >= 0", name=op.f("ck_stream_head_seq_counted")),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_stream_head")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("office_region_code", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.Text(), nullable=False),
        sa.Column("created_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["office_region_code"], ["region.code"], name=op.f("fk_account_office_region_code_region")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_account_fs_uniquifier")),
        sa.UniqueConstraint("ref", name=op.f("uq_account_ref")),
    )
    op.create_table(
        "category_of_year",
        sa.Column("assessment_year", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("province_code", sa.Text(), nullable=True),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Text(), nullable=False),
        sa.Column("category_en", sa.Text(), nullable=False),
        sa.Column("grouping_kind", sa.Text(), nullable=False),
        sa.Column("groups", sa.Text(), nullable=True),
        sa.Column("ranks", sa.Integer(), nullable=True),
        sa.Column("rank_style", sa.Text(), nullable=False),
        sa.Column("titles", sa.Text(), nullable=True),
        sa.Column("prizes", sa.Text(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(tier = 'province') = (province_code IS NOT NULL)", name=op.f("ck_category_of_year_province_of_tier")
        ),
        sa.CheckConstraint(
            "grouping_kind IN ('none', 'zone', 'sector', 'province')", name=op.f("ck_category_of_year_grouping_kind")
        ),
        sa.CheckConstraint("tier IN ('national', 'province')", name=op.f("ck_category_of_year_tier")),
        sa.CheckConstraint("ranks > 0", name=op.f("ck_category_of_year_ranks")),
        sa.ForeignKeyConstraint(
            ["province_code"], ["region.code"], name=op.f("fk_category_of_year_province_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_of_year")),
        sa.UniqueConstraint("key", name=op.f("uq_category_of_year_key")),
    )
    with op.batch_alter_table("category_of_year", schema=None) as batch_op:
        batch_op.create_index("ix_category_of_year_year", ["assessment_year", "tier", "province_code"], unique=False)

    op.create_table(
        "cycle",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("assessment_year", sa.Integer(), nullable=False),
        sa.Column("edition_label", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("target_instrument", sa.Text(), nullable=False),
        sa.Column("target_year", sa.Integer(), nullable=False),
        sa.Column("election_held", sa.Boolean(), nullable=False),
        sa.Column("decree", sa.Text(), nullable=True),
        sa.Column("rates_as_of", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("offset_seconds", sa.BigInteger(), nullable=False),
        sa.Column("settings", paritrana.database.Document(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind = 'simulated' OR offset_seconds = 0", name=op.f("ck_cycle_only_simulated_moves_clock")
        ),
        sa.CheckConstraint("kind IN ('real', 'historical', 'simulated')", name=op.f("ck_cycle_kind_known")),
        sa.CheckConstraint("tier IN ('province', 'national')", name=op.f("ck_cycle_tier_known")),
        sa.CheckConstraint("assessment_year BETWEEN 2000 AND 2100", name=op.f("ck_cycle_year_plausible")),
        sa.CheckConstraint("offset_seconds >= 0", name=op.f("ck_cycle_offset_only_grows")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_cycle_region_code_region")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cycle")),
        sa.UniqueConstraint("code", name=op.f("uq_cycle_code")),
    )
    op.create_table(
        "event_body",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("erased_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("erased_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(body IS NULL) = (erased_at IS NOT NULL)", name=op.f("ck_event_body_erased_or_whole")),
        sa.CheckConstraint(
            "(erased_at IS NULL) = (erased_reason IS NULL)", name=op.f("ck_event_body_erased_with_reason")
        ),
        sa.CheckConstraint("(salt IS NULL) = (body IS NULL)", name=op.f("ck_event_body_salt_with_body")),
        sa.CheckConstraint("salt IS NULL OR length(salt) = 32", name=op.f("ck_event_body_salt_length")),
        sa.ForeignKeyConstraint(
            ["stream", "seq"], ["event.stream", "event.seq"], name=op.f("fk_event_body_stream_seq_event")
        ),
        sa.PrimaryKeyConstraint("stream", "seq", name=op.f("pk_event_body")),
    )
    op.create_table(
        "indicator",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rubric_version_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("description_id", sa.Text(), nullable=False),
        sa.Column("description_en", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("aspect", sa.Text(), nullable=False),
        sa.Column("weight", paritrana.database.ExactDecimal(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.Column("rule_params", paritrana.database.Document(), nullable=True),
        sa.Column("levels", paritrana.database.Document(), nullable=False),
        sa.Column("caps", paritrana.database.Document(), nullable=False),
        sa.Column("evidence_required", paritrana.database.Document(), nullable=False),
        sa.Column("evidence_kinds", paritrana.database.Document(), nullable=False),
        sa.Column("advice", paritrana.database.Document(), nullable=True),
        sa.CheckConstraint("(source = 'computed') = (rule IS NOT NULL)", name=op.f("ck_indicator_rule_when_computed")),
        sa.CheckConstraint("source IN ('panel', 'computed')", name=op.f("ck_indicator_source_known")),
        sa.CheckConstraint("CAST(weight AS NUMERIC) > 0", name=op.f("ck_indicator_weight_positive")),
        sa.ForeignKeyConstraint(
            ["rubric_version_id"], ["rubric_version.id"], name=op.f("fk_indicator_rubric_version_id_rubric_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indicator")),
        sa.UniqueConstraint("rubric_version_id", "code", name=op.f("uq_indicator_rubric_version_id_code")),
        sa.UniqueConstraint("rubric_version_id", "position", name=op.f("uq_indicator_rubric_version_id_position")),
    )
    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("size_class", sa.Text(), nullable=True),
        sa.Column("sector", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("fictitious", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('local_government', 'enterprise', 'small_micro', 'village')", name=op.f("ck_organisation_kind")
        ),
        sa.CheckConstraint(
            "size_class IN ('large', 'medium', 'small', 'micro')", name=op.f("ck_organisation_size_class")
        ),
        sa.CheckConstraint(
            "size_class IS NULL OR kind IN ('enterprise', 'small_micro')",
            name=op.f("ck_organisation_size_of_employers"),
        ),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_organisation_not_its_own_parent")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["organisation.id"], name=op.f("fk_organisation_parent_id_organisation")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_organisation_region_code_region")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("ref", name=op.f("uq_organisation_ref")),
        sa.UniqueConstraint("region_code", "kind", "name", name=op.f("uq_organisation_region_code_kind_name")),
    )
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_organisation_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "past_winner",
        sa.Column("assessment_year", sa.Integer(), nullable=False),
        sa.Column("assessment_year_basis", sa.Text(), nullable=False),
        sa.Column("edition_label", sa.Text(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("province_code", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("category_as_published", sa.Text(), nullable=True),
        sa.Column("sector_or_zone", sa.Text(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.Column("rank_basis", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("recipient_kind", sa.Text(), nullable=False),
        sa.Column("recipient_region_code", sa.Text(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(rank_basis = 'not_ranked') = (rank IS NULL)", name=op.f("ck_past_winner_rank_is_explained")
        ),
        sa.CheckConstraint(
            "(tier = 'province') = (province_code IS NOT NULL)", name=op.f("ck_past_winner_province_of_tier")
        ),
        sa.CheckConstraint(
            "assessment_year_basis IN ('published', 'inferred')", name=op.f("ck_past_winner_assessment_year_basis")
        ),
        sa.CheckConstraint(
            "rank_basis IN ('published', 'list_order', 'not_ranked')", name=op.f("ck_past_winner_rank_basis")
        ),
        sa.CheckConstraint(
            "recipient_kind <> 'local_gov' OR recipient_region_code IS NOT NULL",
            name=op.f("ck_past_winner_government_has_code"),
        ),
        sa.CheckConstraint(
            "recipient_kind IN ('local_gov', 'enterprise', 'small_micro', 'village', 'institution')",
            name=op.f("ck_past_winner_recipient_kind"),
        ),
        sa.CheckConstraint("tier IN ('national', 'province')", name=op.f("ck_past_winner_tier")),
        sa.CheckConstraint("rank BETWEEN 1 AND 3", name=op.f("ck_past_winner_rank")),
        sa.ForeignKeyConstraint(["province_code"], ["region.code"], name=op.f("fk_past_winner_province_code_region")),
        sa.ForeignKeyConstraint(
            ["recipient_region_code"], ["region.code"], name=op.f("fk_past_winner_recipient_region_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_winner")),
        sa.UniqueConstraint("key", name=op.f("uq_past_winner_key")),
    )
    with op.batch_alter_table("past_winner", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_past_winner_recipient_region_code"), ["recipient_region_code"], unique=False
        )
        batch_op.create_index("ix_past_winner_year", ["assessment_year", "tier", "province_code"], unique=False)

    op.create_table(
        "published_budget",
        sa.Column("area_kind", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=False),
        sa.Column("area_name", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("beneficiary_group", sa.Text(), nullable=False),
        sa.Column("group_as_published", sa.Text(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=True),
        sa.Column("people_qualifier", sa.Text(), nullable=True),
        sa.Column("months", sa.Integer(), nullable=True),
        sa.Column("amount_idr", sa.BigInteger(), nullable=True),
        sa.Column("amount_qualifier", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("funding_source", sa.Text(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "amount_qualifier IN ('exact', 'rounded', 'about', 'more_than', 'almost', 'computed', 'interpreted')",
            name=op.f("ck_published_budget_amount_qualifier"),
        ),
        sa.CheckConstraint(
            "area_kind IN ('province', 'regency', 'city', 'village')", name=op.f("ck_published_budget_area_kind")
        ),
        sa.CheckConstraint(
            "funding_source IN ('apbd_regency', 'apbd_province', 'apbdes', 'dbhcht', 'dbh_sawit', 'csr', 'zakat', 'other')",
            name=op.f("ck_published_budget_funding_source"),
        ),
        sa.CheckConstraint(
            "people_qualifier IN ('exact', 'rounded', 'about', 'more_than', 'almost')",
            name=op.f("ck_published_budget_people_qualifier"),
        ),
        sa.CheckConstraint("status IN ('planned', 'budgeted', 'realised')", name=op.f("ck_published_budget_status")),
        sa.CheckConstraint(
            "(amount_idr IS NULL) = (amount_qualifier IS NULL)", name=op.f("ck_published_budget_amount_is_qualified")
        ),
        sa.CheckConstraint(
            "(people IS NULL) = (people_qualifier IS NULL)", name=op.f("ck_published_budget_people_are_qualified")
        ),
        sa.CheckConstraint("amount_idr >= 0", name=op.f("ck_published_budget_amount")),
        sa.CheckConstraint("months BETWEEN 1 AND 12", name=op.f("ck_published_budget_months")),
        sa.CheckConstraint("people >= 0", name=op.f("ck_published_budget_people")),
        sa.CheckConstraint(
            "people IS NOT NULL OR amount_idr IS NOT NULL", name=op.f("ck_published_budget_has_a_figure")
        ),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_published_budget_region_code_region")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_budget")),
        sa.UniqueConstraint("key", name=op.f("uq_published_budget_key")),
    )
    with op.batch_alter_table("published_budget", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_published_budget_region_code"), ["region_code"], unique=False)

    op.create_table(
        "published_coverage",
        sa.Column("area_kind", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column("area_name", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("as_of_precision", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("segment_as_published", sa.Text(), nullable=True),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("participants", sa.BigInteger(), nullable=True),
        sa.Column("denominator", sa.BigInteger(), nullable=True),
        sa.Column("denominator_kind", sa.Text(), nullable=False),
        sa.Column("denominator_definition", sa.Text(), nullable=True),
        sa.Column("percent", paritrana.database.ExactDecimal(), nullable=True),
        sa.Column("percent_kind", sa.Text(), nullable=False),
        sa.Column("qualifier", sa.Text(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(area_kind IN ('national', 'region_group')) = (region_code IS NULL)",
            name=op.f("ck_published_coverage_area_has_code"),
        ),
        sa.CheckConstraint(
            "(denominator_kind = 'none') = (denominator IS NULL)",
            name=op.f("ck_published_coverage_denominator_is_explained"),
        ),
        sa.CheckConstraint(
            "(percent_kind = 'none') = (percent IS NULL)", name=op.f("ck_published_coverage_percent_is_explained")
        ),
        sa.CheckConstraint(
            "area_kind IN ('national', 'region_group', 'province', 'regency', 'city', 'village')",
            name=op.f("ck_published_coverage_area_kind"),
        ),
        sa.CheckConstraint(
            "as_of_precision IN ('day', 'month', 'year')", name=op.f("ck_published_coverage_as_of_precision")
        ),
        sa.CheckConstraint(
            "denominator_kind IN ('published', 'implied', 'none')", name=op.f("ck_published_coverage_denominator_kind")
        ),
        sa.CheckConstraint(
            "measure IN ('active_participants', 'inactive_participants', 'registered', 'coverage', 'protected_vulnerable', 'protected_non_asn', 'workforce', 'employers')",
            name=op.f("ck_published_coverage_measure"),
        ),
        sa.CheckConstraint(
            "percent_kind IN ('published', 'computed', 'none')", name=op.f("ck_published_coverage_percent_kind")
        ),
        sa.CheckConstraint(
            "qualifier IN ('exact', 'rounded', 'about', 'more_than', 'almost')",
            name=op.f("ck_published_coverage_qualifier"),
        ),
        sa.CheckConstraint(
            "segment IN ('pu', 'bpu', 'jakon', 'pmi', 'total')", name=op.f("ck_published_coverage_segment")
        ),
        sa.CheckConstraint("denominator > 0", name=op.f("ck_published_coverage_denominator")),
        sa.CheckConstraint("participants >= 0", name=op.f("ck_published_coverage_participants")),
        sa.CheckConstraint(
            "participants IS NOT NULL OR percent IS NOT NULL", name=op.f("ck_published_coverage_has_a_figure")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["region.code"], name=op.f("fk_published_coverage_region_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_coverage")),
        sa.UniqueConstraint("key", name=op.f("uq_published_coverage_key")),
    )
    with op.batch_alter_table("published_coverage", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_published_coverage_region_code"), ["region_code"], unique=False)

    op.create_table(
        "target_figure",
        sa.Column("area_kind", sa.Text(), nullable=False),
        sa.Column("region_code", sa.Text(), nullable=True),
        sa.Column("area_name", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("value", paritrana.database.ExactDecimal(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(area_kind IN ('national', 'region_group')) = (region_code IS NULL)",
            name=op.f("ck_target_figure_area_has_code"),
        ),
        sa.CheckConstraint(
            "area_kind IN ('national', 'region_group', 'province', 'regency', 'city', 'village')",
            name=op.f("ck_target_figure_area_kind"),
        ),
        sa.CheckConstraint(
            "instrument IN ('rpjpn', 'rpjmn', 'rkp', 'rpjpd', 'rpjmd', 'bpjs_monitoring', 'bpjs_programme', 'regency_programme', 'monitoring')",
            name=op.f("ck_target_figure_instrument"),
        ),
        sa.CheckConstraint("kind IN ('target', 'baseline', 'actual')", name=op.f("ck_target_figure_kind")),
        sa.CheckConstraint(
            "metric IN ('ucj_percent', 'vulnerable_workers', 'vulnerable_workers_per_village')",
            name=op.f("ck_target_figure_metric"),
        ),
        sa.CheckConstraint("status IN ('published', 'year_inferred')", name=op.f("ck_target_figure_status")),
        sa.CheckConstraint("unit IN ('percent', 'people')", name=op.f("ck_target_figure_unit")),
        sa.ForeignKeyConstraint(["region_code"], ["region.code"], name=op.f("fk_target_figure_region_code_region")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target_figure")),
        sa.UniqueConstraint("key", name=op.f("uq_target_figure_key")),
    )
    with op.batch_alter_table("target_figure", schema=None) as batch_op:
        batch_op.create_index(
            "ix_target_figure_one_target",
            ["area_kind", "area_name", "year", "instrument", "metric"],
            unique=True,
            sqlite_where=sa.text("kind = 'target'"),
            postgresql_where=sa.text("kind = 'target'"),
        )
        batch_op.create_index(batch_op.f("ix_target_figure_region_code"), ["region_code"], unique=False)

    op.create_table(
        "account_role",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_role_account_id_account")),
        sa.ForeignKeyConstraint(["role_id"], ["security_role.id"], name=op.f("fk_account_role_role_id_security_role")),
        sa.PrimaryKeyConstraint("account_id", "role_id", name=op.f("pk_account_role")),
    )
    op.create_table(
        "blob",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("created_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "media_type IN ('application/pdf', 'image/jpeg', 'image/png', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet')",
            name=op.f("ck_blob_media_type_known"),
        ),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_blob_sha256_length")),
        sa.CheckConstraint("size > 0", name=op.f("ck_blob_size_positive")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_blob_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blob")),
        sa.UniqueConstraint("organisation_id", "sha256", name=op.f("uq_blob_organisation_id_sha256")),
    )
    op.create_table(
        "category",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("rubric_version_id", sa.Integer(), nullable=True),
        sa.Column("ranks", sa.Integer(), nullable=False),
        sa.Column("public_table", sa.Text(), nullable=False),
        sa.Column("opens_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closes_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("grace_ends_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("verification_until", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("interviews_until", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("scoring_until", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("plenary_until", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("publication_planned", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("public_table IN ('winners', 'ranked', 'all')", name=op.f("ck_category_public_table_known")),
        sa.CheckConstraint("closes_at IS NULL OR opens_at < closes_at", name=op.f("ck_category_opens_before_closing")),
        sa.CheckConstraint(
            "grace_ends_at IS NULL OR closes_at <= grace_ends_at", name=op.f("ck_category_grace_after_closing")
        ),
        sa.CheckConstraint("ranks BETWEEN 1 AND 50", name=op.f("ck_category_ranks_plausible")),
        sa.CheckConstraint("state = 0 OR rubric_version_id IS NOT NULL", name=op.f("ck_category_open_with_rubric")),
        sa.CheckConstraint("state BETWEEN 0 AND 9", name=op.f("ck_category_state_known")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_category_cycle_id_cycle")),
        sa.ForeignKeyConstraint(
            ["rubric_version_id"], ["rubric_version.id"], name=op.f("fk_category_rubric_version_id_rubric_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category")),
        sa.UniqueConstraint("cycle_id", "position", name=op.f("uq_category_cycle_id_position")),
        sa.UniqueConstraint("cycle_id", "slug", name=op.f("uq_category_cycle_id_slug")),
    )
    op.create_table(
        "interview_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_interview_day_cycle_id_cycle")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interview_day")),
        sa.UniqueConstraint("code", name=op.f("uq_interview_day_code")),
        sa.UniqueConstraint("cycle_id", "no", name=op.f("uq_interview_day_cycle_id_no")),
    )
    op.create_table(
        "register",
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("next_no", sa.Integer(), nullable=False),
        sa.CheckConstraint("next_no >= 1", name=op.f("ck_register_next_no_positive")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_register_cycle_id_cycle")),
        sa.PrimaryKeyConstraint("cycle_id", name=op.f("pk_register")),
    )
    op.create_table(
        "role_grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.Column("cycle_id", sa.Integer(), nullable=True),
        sa.Column("granted_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(role = 'nominee') = (organisation_id IS NOT NULL)", name=op.f("ck_role_grant_nominee_of_organisation")
        ),
        sa.CheckConstraint(
            "(role IN ('verifier', 'organiser', 'auditor')) = (cycle_id IS NOT NULL)",
            name=op.f("ck_role_grant_officer_of_cycle"),
        ),
        sa.CheckConstraint(
            "role IN ('nominee', 'verifier', 'organiser', 'auditor', 'administrator')",
            name=op.f("ck_role_grant_role_known"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_role_grant_account_id_account")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_role_grant_cycle_id_cycle")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_role_grant_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
    )
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.create_index("ix_role_grant_account_id", ["account_id"], unique=False)

    op.create_table(
        "sent_once",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", paritrana.database.Document(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_sent_once_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_once")),
        sa.UniqueConstraint("account_id", "key", name=op.f("uq_sent_once_account_id_key")),
    )
    op.create_table(
        "sign_in_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("officer", sa.Boolean(), nullable=False),
        sa.Column("data", paritrana.database.Document(), nullable=False),
        sa.Column("created_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_sign_in_session_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_session_token_hash")),
    )
    with op.batch_alter_table("sign_in_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_session_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_session_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "category_title",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.CheckConstraint("rank >= 1", name=op.f("ck_category_title_rank_positive")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_category_title_category_id_category")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_title")),
        sa.UniqueConstraint("category_id", "rank", name=op.f("uq_category_title_category_id_rank")),
    )
    op.create_table(
        "nomination",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("candidate_code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision_no", sa.Integer(), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("created_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state = 'draft' OR state = 'withdrawn' OR revision_no > 0", name=op.f("ck_nomination_sent_has_revision")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'returned', 'resubmitted', 'verified', 'shortlisted', 'not_shortlisted', 'interviewed', 'no_show', 'withdrawn')",
            name=op.f("ck_nomination_state_known"),
        ),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_nomination_category_id_category")),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_nomination_created_by_account")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_nomination_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nomination")),
        sa.UniqueConstraint("category_id", "candidate_code", name=op.f("uq_nomination_category_id_candidate_code")),
        sa.UniqueConstraint("category_id", "organisation_id", name=op.f("uq_nomination_category_id_organisation_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_nomination_ref")),
    )
    with op.batch_alter_table("nomination", schema=None) as batch_op:
        batch_op.create_index("ix_nomination_organisation_id", ["organisation_id"], unique=False)

    op.create_table(
        "proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("subject_ref", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("payload", paritrana.database.Document(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("proposer_id", sa.Integer(), nullable=False),
        sa.Column("proposer_person_id", sa.Integer(), nullable=False),
        sa.Column("proposer_name", sa.Text(), nullable=False),
        sa.Column("proposed_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("confirmer_id", sa.Integer(), nullable=True),
        sa.Column("confirmer_person_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(state = 'confirmed') = (confirmed_at IS NOT NULL)", name=op.f("ck_proposal_confirmed_has_time")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'confirmed', 'withdrawn', 'void')", name=op.f("ck_proposal_state_known")
        ),
        sa.CheckConstraint(
            "confirmer_person_id IS NULL OR confirmer_person_id <> proposer_person_id",
            name=op.f("ck_proposal_two_people"),
        ),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_proposal_category_id_category")),
        sa.ForeignKeyConstraint(["confirmer_id"], ["account.id"], name=op.f("fk_proposal_confirmer_id_account")),
        sa.ForeignKeyConstraint(["proposer_id"], ["account.id"], name=op.f("fk_proposal_proposer_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
        sa.UniqueConstraint("ref", name=op.f("uq_proposal_ref")),
    )
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.create_index(
            "uq_proposal_waiting",
            ["act", "category_id", "subject_ref"],
            unique=True,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    op.create_table(
        "publication",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("bundle", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("result_table", paritrana.database.Document(), nullable=False),
        sa.Column("source_key", sa.Text(), nullable=True),
        sa.Column("published_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("confirmed_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("version_no >= 1", name=op.f("ck_publication_version_no_positive")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_publication_category_id_category")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["account.id"], name=op.f("fk_publication_confirmed_by_account")),
        sa.ForeignKeyConstraint(["proposed_by"], ["account.id"], name=op.f("fk_publication_proposed_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
        sa.UniqueConstraint("category_id", "version_no", name=op.f("uq_publication_category_id_version_no")),
    )
    op.create_table(
        "result_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("bundle", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("inputs_digest", sa.Text(), nullable=False),
        sa.Column("rubric_digest", sa.Text(), nullable=False),
        sa.Column("sheets_in", sa.Integer(), nullable=False),
        sa.Column("sheets_due", sa.Integer(), nullable=False),
        sa.Column("built_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("built_by", sa.Integer(), nullable=False),
        sa.Column("built_by_name", sa.Text(), nullable=False),
        sa.CheckConstraint("no >= 1", name=op.f("ck_result_run_no_positive")),
        sa.ForeignKeyConstraint(["built_by"], ["account.id"], name=op.f("fk_result_run_built_by_account")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_result_run_category_id_category")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_result_run")),
        sa.UniqueConstraint("category_id", "no", name=op.f("uq_result_run_category_id_no")),
        sa.UniqueConstraint("ref", name=op.f("uq_result_run_ref")),
    )
    op.create_table(
        "seat",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("constituency", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("decree_number", sa.Text(), nullable=False),
        sa.Column("seated_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("role IN ('chair', 'deputy', 'member')", name=op.f("ck_seat_role_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_seat_account_id_account")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_seat_category_id_category")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat")),
        sa.UniqueConstraint("category_id", "account_id", name=op.f("uq_seat_category_id_account_id")),
        sa.UniqueConstraint("category_id", "code", name=op.f("uq_seat_category_id_code")),
    )
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seat_account_id"), ["account_id"], unique=False)
        batch_op.create_index(
            "uq_seat_one_head",
            ["category_id", "role"],
            unique=True,
            sqlite_where=sa.text("role <> 'member' AND ended_at IS NULL"),
            postgresql_where=sa.text("role <> 'member' AND ended_at IS NULL"),
        )

    op.create_table(
        "attachment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("requirement", sa.Text(), nullable=False),
        sa.Column("blob_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("uploaded_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=False),
        sa.Column("uploaded_by_name", sa.Text(), nullable=False),
        sa.Column("removed_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("no >= 1", name=op.f("ck_attachment_no_positive")),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name=op.f("fk_attachment_blob_id_blob")),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_attachment_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(["uploaded_by"], ["account.id"], name=op.f("fk_attachment_uploaded_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
        sa.UniqueConstraint("nomination_id", "no", name=op.f("uq_attachment_nomination_id_no")),
    )
    op.create_table(
        "award",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("tied", sa.Boolean(), nullable=False),
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_award_category_id_category")),
        sa.ForeignKeyConstraint(["nomination_id"], ["nomination.id"], name=op.f("fk_award_nomination_id_nomination")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
        sa.UniqueConstraint("category_id", "nomination_id", name=op.f("uq_award_category_id_nomination_id")),
    )
    op.create_table(
        "declaration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("conflict", sa.Boolean(), nullable=False),
        sa.Column("at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_declaration_account_id_account")),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_declaration_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declaration")),
        sa.UniqueConstraint("account_id", "nomination_id", name=op.f("uq_declaration_account_id_nomination_id")),
    )
    op.create_table(
        "evidence_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", paritrana.database.Document(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("explanation_reason", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("completed", sa.Boolean(), nullable=False),
        sa.Column("changed_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("changed_by_name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_evidence_item_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_item")),
        sa.UniqueConstraint("nomination_id", "kind", name=op.f("uq_evidence_item_nomination_id_kind")),
    )
    op.create_table(
        "gate_statement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("answer IN ('', 'yes', 'no')", name=op.f("ck_gate_statement_answer_known")),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_gate_statement_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_statement")),
        sa.UniqueConstraint("nomination_id", "gate", name=op.f("uq_gate_statement_nomination_id_gate")),
    )
    op.create_table(
        "interview_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("day_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("planned_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("closed_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("mode IN ('in_person', 'online')", name=op.f("ck_interview_session_mode_known")),
        sa.CheckConstraint("state IN ('planned', 'open', 'closed')", name=op.f("ck_interview_session_state_known")),
        sa.CheckConstraint("minutes BETWEEN 5 AND 240", name=op.f("ck_interview_session_minutes_plausible")),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_interview_session_category_id_category")
        ),
        sa.ForeignKeyConstraint(
            ["day_id"], ["interview_day.id"], name=op.f("fk_interview_session_day_id_interview_day")
        ),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_interview_session_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interview_session")),
        sa.UniqueConstraint("day_id", "no", name=op.f("uq_interview_session_day_id_no")),
        sa.UniqueConstraint("nomination_id", "attempt", name=op.f("uq_interview_session_nomination_id_attempt")),
        sa.UniqueConstraint("ref", name=op.f("uq_interview_session_ref")),
    )
    op.create_table(
        "missing_sheet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("assessor_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("stated_by", sa.Integer(), nullable=False),
        sa.Column("stated_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_missing_sheet_reasoned")),
        sa.ForeignKeyConstraint(["assessor_id"], ["account.id"], name=op.f("fk_missing_sheet_assessor_id_account")),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_missing_sheet_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(["stated_by"], ["account.id"], name=op.f("fk_missing_sheet_stated_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missing_sheet")),
        sa.UniqueConstraint(
            "nomination_id", "assessor_id", "attempt", name=op.f("uq_missing_sheet_nomination_id_assessor_id_attempt")
        ),
    )
    op.create_table(
        "nomination_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("receipt_no", sa.Text(), nullable=False),
        sa.Column("content", paritrana.database.Document(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("submitted_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.Integer(), nullable=False),
        sa.Column("submitted_by_name", sa.Text(), nullable=False),
        sa.CheckConstraint("no >= 1", name=op.f("ck_nomination_revision_no_positive")),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_nomination_revision_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"], ["account.id"], name=op.f("fk_nomination_revision_submitted_by_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nomination_revision")),
        sa.UniqueConstraint("nomination_id", "no", name=op.f("uq_nomination_revision_nomination_id_no")),
        sa.UniqueConstraint("receipt_no", name=op.f("uq_nomination_revision_receipt_no")),
    )
    op.create_table(
        "recusal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('region', 'employer', 'supplier', 'declared')", name=op.f("ck_recusal_kind_known")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_recusal_account_id_account")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_recusal_category_id_category")),
        sa.ForeignKeyConstraint(["nomination_id"], ["nomination.id"], name=op.f("fk_recusal_nomination_id_nomination")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recusal")),
        sa.UniqueConstraint("account_id", "nomination_id", name=op.f("uq_recusal_account_id_nomination_id")),
    )
    with op.batch_alter_table("recusal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recusal_category_id"), ["category_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_recusal_nomination_id"), ["nomination_id"], unique=False)

    op.create_table(
        "seal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("sealed_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("sealed_by", sa.Integer(), nullable=False),
        sa.Column("second_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_seal_category_id_category")),
        sa.ForeignKeyConstraint(["run_id"], ["result_run.id"], name=op.f("fk_seal_run_id_result_run")),
        sa.ForeignKeyConstraint(["sealed_by"], ["account.id"], name=op.f("fk_seal_sealed_by_account")),
        sa.ForeignKeyConstraint(["second_by"], ["account.id"], name=op.f("fk_seal_second_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal")),
        sa.UniqueConstraint("category_id", name=op.f("uq_seal_category_id")),
    )
    op.create_table(
        "sheet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("assessor_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("revision_no", sa.Integer(), nullable=False),
        sa.Column("opened_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("receipt_no", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(submitted_at IS NULL) = (digest IS NULL)", name=op.f("ck_sheet_submitted_has_digest")),
        sa.CheckConstraint("attempt >= 1", name=op.f("ck_sheet_attempt_positive")),
        sa.ForeignKeyConstraint(["assessor_id"], ["account.id"], name=op.f("fk_sheet_assessor_id_account")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_sheet_category_id_category")),
        sa.ForeignKeyConstraint(["nomination_id"], ["nomination.id"], name=op.f("fk_sheet_nomination_id_nomination")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet")),
        sa.UniqueConstraint(
            "assessor_id", "nomination_id", "attempt", name=op.f("uq_sheet_assessor_id_nomination_id_attempt")
        ),
        sa.UniqueConstraint("receipt_no", name=op.f("uq_sheet_receipt_no")),
        sa.UniqueConstraint("ref", name=op.f("uq_sheet_ref")),
    )
    with op.batch_alter_table("sheet", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sheet_category_id"), ["category_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sheet_nomination_id"), ["nomination_id"], unique=False)

    op.create_table(
        "verification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("nomination_id", sa.Integer(), nullable=False),
        sa.Column("revision_no", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.Integer(), nullable=True),
        sa.Column("taken_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=True),
        sa.Column("proposed_person_id", sa.Integer(), nullable=True),
        sa.Column("proposed_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("return_note", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("closed_person_id", sa.Integer(), nullable=True),
        sa.Column("closed_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_verification_closed_has_time")
        ),
        sa.CheckConstraint("state IN ('open', 'proposed', 'closed')", name=op.f("ck_verification_state_known")),
        sa.CheckConstraint(
            "closed_person_id IS NULL OR closed_person_id <> proposed_person_id",
            name=op.f("ck_verification_two_people"),
        ),
        sa.ForeignKeyConstraint(["closed_by"], ["account.id"], name=op.f("fk_verification_closed_by_account")),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_verification_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(["proposed_by"], ["account.id"], name=op.f("fk_verification_proposed_by_account")),
        sa.ForeignKeyConstraint(["taken_by"], ["account.id"], name=op.f("fk_verification_taken_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification")),
        sa.UniqueConstraint("nomination_id", name=op.f("uq_verification_nomination_id")),
    )
    op.create_table(
        "attendance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("presenter_rank", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("acting", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("arrived_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("identity_seen", sa.Boolean(), nullable=False),
        sa.Column("mandate_letter", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Integer(), nullable=False),
        sa.Column("recorded_by_name", sa.Text(), nullable=False),
        sa.Column("recorded_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("mode IN ('in_person', 'online')", name=op.f("ck_attendance_mode_known")),
        sa.ForeignKeyConstraint(["recorded_by"], ["account.id"], name=op.f("fk_attendance_recorded_by_account")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["interview_session.id"], name=op.f("fk_attendance_session_id_interview_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
        sa.UniqueConstraint("session_id", name=op.f("uq_attendance_session_id")),
    )
    op.create_table(
        "certificate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("cycle_id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("register_no", sa.Integer(), nullable=False),
        sa.Column("award_id", sa.Integer(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("title_id", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=False),
        sa.Column("status_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ranking_digest", sa.Text(), nullable=False),
        sa.Column("issued_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('valid', 'replaced', 'revoked')", name=op.f("ck_certificate_status_known")),
        sa.CheckConstraint("register_no >= 1", name=op.f("ck_certificate_register_no_positive")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_certificate_award_id_award")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_certificate_category_id_category")),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycle.id"], name=op.f("fk_certificate_cycle_id_cycle")),
        sa.ForeignKeyConstraint(["issued_by"], ["account.id"], name=op.f("fk_certificate_issued_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("award_id", "version_no", name=op.f("uq_certificate_award_id_version_no")),
        sa.UniqueConstraint("code", name=op.f("uq_certificate_code")),
        sa.UniqueConstraint("cycle_id", "register_no", name=op.f("uq_certificate_cycle_id_register_no")),
    )
    op.create_table(
        "change_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("verification_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("items", paritrana.database.Document(), nullable=False),
        sa.Column("due_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_by_name", sa.Text(), nullable=False),
        sa.Column("asked_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", paritrana.database.Document(), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'answered')", name=op.f("ck_change_request_state_known")),
        sa.ForeignKeyConstraint(["answered_by"], ["account.id"], name=op.f("fk_change_request_answered_by_account")),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"], name=op.f("fk_change_request_asked_by_account")),
        sa.ForeignKeyConstraint(
            ["verification_id"], ["verification.id"], name=op.f("fk_change_request_verification_id_verification")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_request")),
        sa.UniqueConstraint("verification_id", "no", name=op.f("uq_change_request_verification_id_no")),
    )
    op.create_table(
        "finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("verification_id", sa.Integer(), nullable=False),
        sa.Column("revision_no", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("figure", sa.Text(), nullable=False),
        sa.Column("claimed", sa.Text(), nullable=True),
        sa.Column("found", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("document_no", sa.Integer(), nullable=True),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("found_by", sa.Integer(), nullable=False),
        sa.Column("found_by_name", sa.Text(), nullable=False),
        sa.Column("found_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("verdict = 'matches' OR note <> ''", name=op.f("ck_finding_note_unless_matches")),
        sa.CheckConstraint(
            "verdict IN ('matches', 'partly', 'differs', 'unverifiable', 'out_of_period')",
            name=op.f("ck_finding_verdict"),
        ),
        sa.ForeignKeyConstraint(["found_by"], ["account.id"], name=op.f("fk_finding_found_by_account")),
        sa.ForeignKeyConstraint(
            ["verification_id"], ["verification.id"], name=op.f("fk_finding_verification_id_verification")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
        sa.UniqueConstraint("verification_id", "kind", "figure", name=op.f("uq_finding_verification_id_kind_figure")),
    )
    op.create_table(
        "gate_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("verification_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("proposed", sa.Text(), nullable=False),
        sa.Column("proposed_reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_by_name", sa.Text(), nullable=False),
        sa.Column("proposed_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided", sa.Text(), nullable=True),
        sa.Column("decided_reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_by_name", sa.Text(), nullable=True),
        sa.Column("decided_at", paritrana.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("decided IS NULL OR decided_reason <> ''", name=op.f("ck_gate_finding_decision_reasoned")),
        sa.CheckConstraint(
            "proposed IN ('pass', 'fail', 'applies', 'not_applicable')", name=op.f("ck_gate_finding_proposed_known")
        ),
        sa.CheckConstraint("subject IN ('gate', 'not_applicable')", name=op.f("ck_gate_finding_subject_known")),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name=op.f("fk_gate_finding_decided_by_account")),
        sa.ForeignKeyConstraint(["proposed_by"], ["account.id"], name=op.f("fk_gate_finding_proposed_by_account")),
        sa.ForeignKeyConstraint(
            ["verification_id"], ["verification.id"], name=op.f("fk_gate_finding_verification_id_verification")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_finding")),
        sa.UniqueConstraint(
            "verification_id", "subject", "gate", name=op.f("uq_gate_finding_verification_id_subject_gate")
        ),
    )
    op.create_table(
        "mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sheet_id", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("value", paritrana.database.ExactDecimal(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("abstain_note", sa.Text(), nullable=False),
        sa.Column("panel_note", sa.Text(), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=False),
        sa.Column("saved_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "reason IS NULL OR reason <> 'abstained' OR abstain_note <> ''", name=op.f("ck_mark_abstention_reasoned")
        ),
        sa.CheckConstraint("reason IS NULL OR reason IN ('abstained', 'recused')", name=op.f("ck_mark_reason_known")),
        sa.CheckConstraint("round IN (1, 2)", name=op.f("ck_mark_round_known")),
        sa.CheckConstraint("value IS NULL OR reason IS NULL", name=op.f("ck_mark_value_or_reason")),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_mark_sheet_id_sheet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark")),
        sa.UniqueConstraint("sheet_id", "indicator", "round", name=op.f("uq_mark_sheet_id_indicator_round")),
    )
    op.create_table(
        "mark_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mark_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("value", paritrana.database.ExactDecimal(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("abstain_note", sa.Text(), nullable=False),
        sa.Column("panel_note", sa.Text(), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=False),
        sa.Column("saved_by", sa.Integer(), nullable=False),
        sa.Column("saved_at", paritrana.database.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["mark_id"], ["mark.id"], name=op.f("fk_mark_revision_mark_id_mark")),
        sa.ForeignKeyConstraint(["saved_by"], ["account.id"], name=op.f("fk_mark_revision_saved_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark_revision")),
        sa.UniqueConstraint("mark_id", "version", name=op.f("uq_mark_revision_mark_id_version")),
    )
    dialect = op.get_bind().dialect.name
    for table, unless in GUARDED.items():
        for statement in append_only(table, unless=unless)[dialect]:
            op.execute(statement)


def refuse_to_lose_events() -> None:
    """Below this revision there is nothing: whoever goes there with events in the chain has to say so."""
    discarded = context.get_x_argument(as_dictionary=True).get("discard") == "events"
    if not discarded and op.get_bind().scalar(sa.text("SELECT 1 FROM event LIMIT 1")):
        raise CommandError(
            "This would throw away what happened: the database holds events. "
            "Make a backup, then say -x discard=events to go down all the same."
        )


def downgrade() -> None:
    refuse_to_lose_events()
    op.drop_table("mark_revision")
    op.drop_table("mark")
    op.drop_table("gate_finding")
    op.drop_table("finding")
    op.drop_table("change_request")
    op.drop_table("certificate")
    op.drop_table("attendance")
    op.drop_table("verification")
    with op.batch_alter_table("sheet", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sheet_nomination_id"))
        batch_op.drop_index(batch_op.f("ix_sheet_category_id"))

    op.drop_table("sheet")
    op.drop_table("seal")
    with op.batch_alter_table("recusal", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recusal_nomination_id"))
        batch_op.drop_index(batch_op.f("ix_recusal_category_id"))

    op.drop_table("recusal")
    op.drop_table("nomination_revision")
    op.drop_table("missing_sheet")
    op.drop_table("interview_session")
    op.drop_table("gate_statement")
    op.drop_table("evidence_item")
    op.drop_table("declaration")
    op.drop_table("award")
    op.drop_table("attachment")
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_seat_one_head",
            sqlite_where=sa.text("role <> 'member' AND ended_at IS NULL"),
            postgresql_where=sa.text("role <> 'member' AND ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_seat_account_id"))

    op.drop_table("seat")
    op.drop_table("result_run")
    op.drop_table("publication")
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_proposal_waiting",
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )

    op.drop_table("proposal")
    with op.batch_alter_table("nomination", schema=None) as batch_op:
        batch_op.drop_index("ix_nomination_organisation_id")

    op.drop_table("nomination")
    op.drop_table("category_title")
    with op.batch_alter_table("sign_in_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_session_expires_at"))
        batch_op.drop_index(batch_op.f("ix_sign_in_session_account_id"))

    op.drop_table("sign_in_session")
    op.drop_table("sent_once")
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.drop_index("ix_role_grant_account_id")

    op.drop_table("role_grant")
    op.drop_table("register")
    op.drop_table("interview_day")
    op.drop_table("category")
    op.drop_table("blob")
    op.drop_table("account_role")
    with op.batch_alter_table("target_figure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_target_figure_region_code"))
        batch_op.drop_index(
            "ix_target_figure_one_target",
            sqlite_where=sa.text("kind = 'target'"),
            postgresql_where=sa.text("kind = 'target'"),
        )

    op.drop_table("target_figure")
    with op.batch_alter_table("published_coverage", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_published_coverage_region_code"))

    op.drop_table("published_coverage")
    with op.batch_alter_table("published_budget", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_published_budget_region_code"))

    op.drop_table("published_budget")
    with op.batch_alter_table("past_winner", schema=None) as batch_op:
        batch_op.drop_index("ix_past_winner_year")
        batch_op.drop_index(batch_op.f("ix_past_winner_recipient_region_code"))

    op.drop_table("past_winner")
    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organisation_parent_id"))

    op.drop_table("organisation")
    op.drop_table("indicator")
    op.drop_table("event_body")
    op.drop_table("cycle")
    with op.batch_alter_table("category_of_year", schema=None) as batch_op:
        batch_op.drop_index("ix_category_of_year_year")

    op.drop_table("category_of_year")
    op.drop_table("account")
    op.drop_table("stream_head")
    op.drop_table("source")
    with op.batch_alter_table("sign_in_failure", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_in_failure_source")
        batch_op.drop_index("ix_sign_in_failure_account_source")

    op.drop_table("sign_in_failure")
    op.drop_table("security_role")
    op.drop_table("rubric_version")
    with op.batch_alter_table("region", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_region_parent_code"))

    op.drop_table("region")
    op.drop_table("person")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_object_ref"))

    op.drop_table("event")
    op.drop_table("contribution_rate")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS refuse_change()")
