"""The tables as SQLAlchemy sees them, a class each. Written by `make schema`: do not edit.

They describe what migrations/ makes: never call `metadata.create_all()`. Deleting is left to the
database, and checks are not repeated here.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Boolean,
    FetchedValue,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from .domains import Domain

SEMANTIC_VERSION = Domain("semantic_version", Text())
SHA256_HASH = Domain("sha256_hash", Text())
VALID_EMAIL = Domain("valid_email", Text())
VALID_URL = Domain("valid_url", Text())
VALID_UUID = Domain("valid_uuid", UUID())


class Base(DeclarativeBase):
    """The tables. What the server gives a row, a write reads back."""

    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012 - SQLAlchemy's own form


class ViewBase(DeclarativeBase):
    """The views, in a metadata of their own: Alembic takes what is in one for tables."""

    metadata = MetaData()
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012


class AgentCategory(Base):
    """Categories of agents."""

    __tablename__ = "agent_categories"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_agent_categories"),
        UniqueConstraint("category_name", name="uq_agent_categories_category_name"),
        {"comment": "Categories of agents."},
    )

    id: Mapped[int] = mapped_column(
        Integer(),
        Identity(),
        comment=(
            "Surrogate key: what agents and their types refer to. Differs between "
            "installations; seeds refer to natural keys."
        ),
    )
    category_name: Mapped[str] = mapped_column(Text(), comment="Natural key, in snake_case.")
    description: Mapped[str] = mapped_column(
        Text(), comment="What agents of this category are for."
    )
    sort_order: Mapped[int] = mapped_column(
        Integer(), server_default=text("0"), comment="Place in lists: smaller comes first."
    )
    is_active: Mapped[bool] = mapped_column(
        Boolean(), server_default=text("true"), comment="Whether it is offered for new agents."
    )
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        comment="When the row was made; never later than the server's clock.",
    )
    updated_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        server_onupdate=FetchedValue(),
        comment="When the row was last written; kept by a trigger.",
    )


class AiProvider(Base):
    """External providers of AI models."""

    __tablename__ = "ai_providers"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_ai_providers"),
        UniqueConstraint("provider_name", name="uq_ai_providers_provider_name"),
        {"comment": "External providers of AI models."},
    )

    id: Mapped[int] = mapped_column(
        Integer(),
        Identity(),
        comment=(
            "Surrogate key: what API keys refer to. Differs between installations; seeds "
            "refer to natural keys."
        ),
    )
    provider_name: Mapped[str] = mapped_column(
        Text(), comment="Natural key, in snake_case; models refer to it."
    )
    display_name: Mapped[str] = mapped_column(Text(), comment="The name as people read it.")
    api_base_url: Mapped[str] = mapped_column(
        VALID_URL, comment="Where the public API starts; https alone, since keys travel to it."
    )
    is_active: Mapped[bool] = mapped_column(
        Boolean(), server_default=text("true"), comment="Whether new tasks may go to it."
    )
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        comment="When the row was made; never later than the server's clock.",
    )
    updated_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        server_onupdate=FetchedValue(),
        comment="When the row was last written; kept by a trigger.",
    )


class CampaignType(Base):
    """Types of campaigns."""

    __tablename__ = "campaign_types"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_campaign_types"),
        UniqueConstraint("type_name", name="uq_campaign_types_type_name"),
        {"comment": "Types of campaigns."},
    )

    id: Mapped[int] = mapped_column(
        Integer(),
        Identity(),
        comment=(
            "Surrogate key: what campaigns refer to. Differs between installations; "
            "seeds refer to natural keys."
        ),
    )
    type_name: Mapped[str] = mapped_column(Text(), comment="Natural key, in snake_case.")
    description: Mapped[str] = mapped_column(Text(), comment="What a campaign of this type is for.")
    default_channels: Mapped[list[str]] = mapped_column(
        JSONB(none_as_null=True),
        comment="Channels that a new campaign starts with: a non-empty array of strings.",
    )
    estimated_duration_days: Mapped[int | None] = mapped_column(
        Integer(), comment="How long such a campaign usually runs, in days."
    )
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        comment="When the row was made; never later than the server's clock.",
    )
    updated_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        server_onupdate=FetchedValue(),
        comment="When the row was last written; kept by a trigger.",
    )


class SubscriptionTier(Base):
    """Subscriptions: what a user gets each month, and for how much."""

    __tablename__ = "subscription_tiers"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_subscription_tiers"),
        UniqueConstraint("tier_name", name="uq_subscription_tiers_tier_name"),
        {"comment": "Subscriptions: what a user gets each month, and for how much."},
    )

    id: Mapped[int] = mapped_column(
        Integer(),
        Identity(),
        comment=(
            "Surrogate key: what users refer to. Differs between installations; seeds "
            "refer to natural keys."
        ),
    )
    tier_name: Mapped[str] = mapped_column(Text(), comment="Natural key, in snake_case.")
    monthly_credits: Mapped[int | None] = mapped_column(
        Integer(), comment="Credits granted each month; NULL is unlimited."
    )
    max_agents: Mapped[int | None] = mapped_column(
        Integer(), comment="How many agents a user may have; NULL is unlimited."
    )
    monthly_price_cents: Mapped[int] = mapped_column(
        Integer(), comment="Price of a month in cents; 0 is free."
    )
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        comment="When the row was made; never later than the server's clock.",
    )
    updated_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        server_onupdate=FetchedValue(),
        comment="When the row was last written; kept by a trigger.",
    )


class TaskType(Base):
    """Kinds of AI work: text, image, audio, video, analytics."""

    __tablename__ = "task_types"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_task_types"),
        UniqueConstraint("type_name", name="uq_task_types_type_name"),
        {"comment": "Kinds of AI work: text, image, audio, video, analytics."},
    )

    id: Mapped[int] = mapped_column(
        Integer(),
        Identity(),
        comment=(
            "Surrogate key: what tasks refer to. Differs between installations; seeds "
            "refer to natural keys."
        ),
    )
    type_name: Mapped[str] = mapped_column(
        Text(), comment="Natural key, in snake_case; provider_models.task_types lists it."
    )
    description: Mapped[str] = mapped_column(
        Text(), comment="What a task of this type does, for people."
    )
    category: Mapped[
        Literal[
            "content", "marketing", "development", "visual", "design", "audio", "video", "analytics"
        ]
    ] = mapped_column(Text(), comment="Group under which the type is offered.")
    default_credit_cost: Mapped[int] = mapped_column(
        Integer(),
        server_default=text("1"),
        comment="Credits that a task costs where its model has no price of its own.",
    )
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        comment="When the row was made; never later than the server's clock.",
    )
    updated_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        server_onupdate=FetchedValue(),
        comment="When the row was last written; kept by a trigger.",
    )


class AgentType(Base):
    """Types of agents, each of one category."""

    __tablename__ = "agent_types"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_agent_types"),
        UniqueConstraint("category_id", "id", name="uq_agent_types_category_id_id"),
        UniqueConstraint("type_name", name="uq_agent_types_type_name"),
        ForeignKeyConstraint(
            ["category_id"],
            ["agent_categories.id"],
            name="fk_agent_types_category_id",
            ondelete="RESTRICT",
        ),
        {"comment": "Types of agents, each of one category."},
    )

    id: Mapped[int] = mapped_column(
        Integer(),
        Identity(),
        comment=(
            "Surrogate key: what agents refer to, together with its category. Differs "
            "between installations; seeds refer to natural keys."
        ),
    )
    type_name: Mapped[str] = mapped_column(Text(), comment="Natural key, in snake_case.")
    category_id: Mapped[int] = mapped_column(
        Integer(), comment="The one category that it belongs to."
    )
    description: Mapped[str] = mapped_column(Text(), comment="What an agent of this type does.")
    default_config: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="What a new agent's configuration starts from: an object."
    )
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        comment="When the row was made; never later than the server's clock.",
    )
    updated_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        server_onupdate=FetchedValue(),
        comment="When the row was last written; kept by a trigger.",
    )

    category: Mapped[AgentCategory] = relationship()


class ProviderModel(Base):
    """Models that run tasks, each of one provider."""

    __tablename__ = "provider_models"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_provider_models"),
        UniqueConstraint("provider", "model_name", name="uq_provider_models_provider_model_name"),
        ForeignKeyConstraint(
            ["provider"],
            ["ai_providers.provider_name"],
            name="fk_provider_models_provider",
            ondelete="RESTRICT",
            onupdate="CASCADE",
        ),
        {"comment": "Models that run tasks, each of one provider."},
    )

    id: Mapped[int] = mapped_column(
        Integer(),
        Identity(),
        comment=(
            "Surrogate key: what tasks refer to. Differs between installations; seeds "
            "refer to natural keys."
        ),
    )
    provider: Mapped[str] = mapped_column(Text(), comment="The provider, by its name.")
    model_name: Mapped[str] = mapped_column(
        Text(), comment="The model's name in the provider's API; unique for the provider."
    )
    task_types: Mapped[list[str]] = mapped_column(
        JSONB(none_as_null=True),
        comment=(
            "Names of the task types it serves: a non-empty array of distinct "
            "task_types.type_name. Triggers of migration 0014 hold it to existing ones."
        ),
    )
    cost_per_credit: Mapped[int | None] = mapped_column(
        Integer(), comment="Credits that a call costs; NULL leaves it to the task type."
    )
    is_active: Mapped[bool] = mapped_column(
        Boolean(), server_default=text("true"), comment="Whether new tasks may go to it."
    )
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        comment="When the row was made; never later than the server's clock.",
    )
    updated_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        server_onupdate=FetchedValue(),
        comment="When the row was last written; kept by a trigger.",
    )

    ai_provider: Mapped[AiProvider] = relationship()


class User(Base):
    """People who use the platform. The tenant: deleting one deletes all that the user owns."""

    __tablename__ = "users"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_users"),
        UniqueConstraint("email", name="uq_users_email"),
        UniqueConstraint("google_id", name="uq_users_google_id"),
        ForeignKeyConstraint(
            ["subscription_tier_id"],
            ["subscription_tiers.id"],
            name="fk_users_subscription_tier_id",
            ondelete="RESTRICT",
        ),
        Index(
            "idx_users_active_credit_balance",
            "credit_balance",
            "id",
            postgresql_where=text("is_active"),
        ),
        Index(
            "idx_users_email_trigrams",
            "email",
            postgresql_ops={"email": "gin_trgm_ops"},
            postgresql_using="gin",
        ),
        Index(
            "idx_users_full_name_trigrams",
            "full_name",
            postgresql_ops={"full_name": "gin_trgm_ops"},
            postgresql_using="gin",
        ),
        Index("idx_users_last_login", "last_login_at", "id"),
        Index("idx_users_newest", "created_at", "id"),
        Index("idx_users_subscription_tier_id", "subscription_tier_id"),
        {
            "comment": (
                "People who use the platform. The tenant: deleting one deletes all that the "
                "user owns."
            )
        },
    )

    id: Mapped[int] = mapped_column(
        BigInteger(),
        Identity(),
        comment="Surrogate key; as user_id it marks everything that the user owns.",
    )
    email: Mapped[str] = mapped_column(
        VALID_EMAIL, comment="Address to log in with; one account each."
    )
    google_id: Mapped[str | None] = mapped_column(
        Text(), comment="Google's subject identifier, for those who log in with Google."
    )
    password_hash: Mapped[str | None] = mapped_column(
        Text(),
        comment=("Salted hash in modular-crypt or PHC form; NULL for those who log in elsewhere."),
    )
    full_name: Mapped[str | None] = mapped_column(Text(), comment="Name as the user gave it.")
    avatar_url: Mapped[str | None] = mapped_column(VALID_URL, comment="Picture of the user.")
    credit_balance: Mapped[int] = mapped_column(
        Integer(), server_default=text("0"), comment="Credits left to spend; never in debt."
    )
    subscription_tier_id: Mapped[int | None] = mapped_column(
        Integer(), comment="Subscription; NULL is none."
    )
    is_active: Mapped[bool] = mapped_column(
        Boolean(), server_default=text("true"), comment="Whether the user may log in."
    )
    is_admin: Mapped[bool] = mapped_column(
        Boolean(),
        server_default=text("false"),
        comment="Whether the user may administer the platform.",
    )
    preferences: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="Settings of the user interface: an object."
    )
    last_login_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="When the user last logged in."
    )
    email_verified_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True),
        comment="When the address was proved to be the user's; NULL if it was not.",
    )
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        comment=(
            "When the row was made; never later than the server's clock. An event may "
            "lie up to 5 minutes before it: clocks of clients differ."
        ),
    )
    updated_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        server_onupdate=FetchedValue(),
        comment="When the row was last written; kept by a trigger.",
    )

    subscription_tier: Mapped[SubscriptionTier | None] = relationship()
    agents: Mapped[list[Agent]] = relationship(back_populates="user", passive_deletes="all")
    api_keys: Mapped[list[ApiKey]] = relationship(back_populates="user", passive_deletes="all")
    campaigns: Mapped[list[Campaign]] = relationship(back_populates="user", passive_deletes="all")
    tasks: Mapped[list[Task]] = relationship(back_populates="user", passive_deletes="all")
    generated_content: Mapped[list[GeneratedContent]] = relationship(
        back_populates="user", passive_deletes="all"
    )


class Agent(Base):
    """Automations that a user builds; published ones are shown to all."""

    __tablename__ = "agents"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_agents"),
        ForeignKeyConstraint(
            ["category_id"],
            ["agent_categories.id"],
            name="fk_agents_category_id",
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["category_id", "type_id"],
            ["agent_types.category_id", "agent_types.id"],
            name="fk_agents_type_id",
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_agents_user_id", ondelete="CASCADE"
        ),
        Index("idx_agents_category_id_type_id", "category_id", "type_id"),
        Index(
            "idx_agents_public_category_best",
            "category_id",
            text("COALESCE(success_rate, '-1'::integer::numeric)"),
            "id",
            postgresql_where=text("is_public"),
        ),
        Index(
            "idx_agents_public_most_executed",
            "execution_count",
            "id",
            postgresql_where=text("is_public"),
        ),
        Index(
            "idx_agents_public_name_trigrams",
            "name",
            postgresql_ops={"name": "gin_trgm_ops"},
            postgresql_using="gin",
            postgresql_where=text("is_public"),
        ),
        Index("idx_agents_public_newest", "published_at", "id", postgresql_where=text("is_public")),
        Index(
            "idx_agents_public_tags",
            "tags",
            postgresql_using="gin",
            postgresql_where=text("is_public"),
        ),
        Index(
            "idx_agents_public_type_best",
            "type_id",
            text("COALESCE(success_rate, '-1'::integer::numeric)"),
            "id",
            postgresql_where=text("is_public"),
        ),
        Index(
            "idx_agents_scheduled_least_recent",
            text("last_executed_at NULLS FIRST"),
            "id",
            postgresql_where=text(
                "((agent_type = 'scheduled'::text) AND (status = 'active'::text))"
            ),
        ),
        Index(
            "idx_agents_user_active_best",
            "user_id",
            text("success_rate NULLS FIRST"),
            "id",
            postgresql_where=text("(status = 'active'::text)"),
        ),
        Index(
            "idx_agents_user_category_status",
            "user_id",
            "category_id",
            "status",
            "created_at",
            "id",
        ),
        Index("idx_agents_user_most_executed", "user_id", "execution_count", "id"),
        {"comment": "Automations that a user builds; published ones are shown to all."},
    )

    id: Mapped[uuid.UUID] = mapped_column(
        VALID_UUID, server_default=text("new_id()"), comment="Time-ordered identifier."
    )
    user_id: Mapped[int] = mapped_column(BigInteger(), comment="The owner.")
    category_id: Mapped[int | None] = mapped_column(
        Integer(), comment="Shelf of the marketplace; NULL is none."
    )
    type_id: Mapped[int | None] = mapped_column(
        Integer(), comment="Ready-made kind that it follows, of the same category; NULL is none."
    )
    name: Mapped[str] = mapped_column(Text(), comment="Name that the owner gave it.")
    description: Mapped[str | None] = mapped_column(Text(), comment="What it does.")
    agent_type: Mapped[Literal["workflow", "scheduled", "trigger_based", "api_endpoint"]] = (
        mapped_column(Text(), comment="What sets it off: a person, the clock, an event or a call.")
    )
    status: Mapped[Literal["draft", "active", "inactive", "archived", "published"]] = mapped_column(
        Text(), server_default=text("'draft'::text"), comment="Where it is in its life."
    )
    is_public: Mapped[bool] = mapped_column(
        Boolean(), server_default=text("false"), comment="Whether the marketplace shows it."
    )
    tags: Mapped[list[str] | None] = mapped_column(
        JSONB(none_as_null=True), comment="Words to find it by: an array of strings."
    )
    configuration: Mapped[dict[str, Any]] = mapped_column(
        JSONB(none_as_null=True), comment="Settings: a non-empty object."
    )
    workflow_definition: Mapped[dict[str, Any]] = mapped_column(
        JSONB(none_as_null=True),
        comment="The steps: an object with the arrays nodes, at least one, and edges.",
    )
    triggers: Mapped[list[Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="What sets it off, in detail: an array."
    )
    variables: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="Values that its steps share: an object."
    )
    permissions: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="What it may do on the owner's behalf: an object."
    )
    version: Mapped[str] = mapped_column(
        SEMANTIC_VERSION, server_default=text("'1.0.0'::text"), comment="Version of the definition."
    )
    execution_count: Mapped[int] = mapped_column(
        Integer(), server_default=text("0"), comment="How often it has run."
    )
    success_rate: Mapped[Decimal | None] = mapped_column(
        Numeric(5, 4),
        comment=("Share of its runs that succeeded, 0 to 1; NULL exactly while it has never run."),
    )
    avg_execution_time_ms: Mapped[int | None] = mapped_column(
        Integer(), comment="How long a run takes on average, in milliseconds."
    )
    last_executed_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="When it last ran."
    )
    published_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="When it was published."
    )
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        comment=(
            "When the row was made; never later than the server's clock. An event may "
            "lie up to 5 minutes before it: clocks of clients differ."
        ),
    )
    updated_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        server_onupdate=FetchedValue(),
        comment="When the row was last written; kept by a trigger.",
    )

    category: Mapped[AgentCategory | None] = relationship()
    type: Mapped[AgentType | None] = relationship(
        primaryjoin=(
            "and_(Agent.category_id == AgentType.category_id, foreign(Agent.type_id) == "
            "AgentType.id)"
        )
    )
    user: Mapped[User] = relationship(back_populates="agents")


class ApiKey(Base):
    """Keys of users for external providers, encrypted."""

    __tablename__ = "api_keys"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_api_keys"),
        UniqueConstraint("user_id", "key_hash", name="uq_api_keys_user_id_key_hash"),
        UniqueConstraint(
            "user_id", "provider_id", "key_name", name="uq_api_keys_user_id_provider_id_key_name"
        ),
        ForeignKeyConstraint(
            ["provider_id"],
            ["ai_providers.id"],
            name="fk_api_keys_provider_id",
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_api_keys_user_id", ondelete="CASCADE"
        ),
        Index(
            "idx_api_keys_active_expiry",
            "expires_at",
            "id",
            postgresql_where=text("(is_active AND (expires_at IS NOT NULL))"),
        ),
        Index(
            "idx_api_keys_active_least_validated",
            text("last_validated_at NULLS FIRST"),
            "id",
            postgresql_where=text("is_active"),
        ),
        Index("idx_api_keys_provider_id", "provider_id"),
        Index(
            "uq_api_keys_default",
            "user_id",
            "provider_id",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        {"comment": "Keys of users for external providers, encrypted."},
    )

    id: Mapped[uuid.UUID] = mapped_column(
        VALID_UUID, server_default=text("new_id()"), comment="Time-ordered identifier."
    )
    user_id: Mapped[int] = mapped_column(BigInteger(), comment="The owner.")
    provider_id: Mapped[int] = mapped_column(Integer(), comment="Whose key it is.")
    key_name: Mapped[str] = mapped_column(
        Text(), comment="Name that the owner gave it; unique for the owner and provider."
    )
    encrypted_key: Mapped[str] = mapped_column(
        Text(), comment="The key, encrypted by the application; never the key itself."
    )
    key_hash: Mapped[str] = mapped_column(
        SHA256_HASH, comment="Digest of the key, to recognise one that is stored already."
    )
    permissions: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="What the key may be used for: an object."
    )
    usage_limits: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="How much it may be used: an object."
    )
    usage_stats: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="How much it has been used: an object."
    )
    is_active: Mapped[bool] = mapped_column(
        Boolean(), server_default=text("true"), comment="Whether tasks may use it."
    )
    is_default: Mapped[bool] = mapped_column(
        Boolean(),
        server_default=text("false"),
        comment=("Whether tasks use it unless told otherwise; one for each owner and provider."),
    )
    expires_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="When the provider stops taking it; NULL is never."
    )
    last_used_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="When it was last used."
    )
    last_validated_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="When it was last tried out at the provider."
    )
    validation_status: Mapped[
        Literal["valid", "invalid", "expired", "rate_limited", "unknown"] | None
    ] = mapped_column(Text(), comment="What came of that; NULL if it never was.")
    error_count: Mapped[int] = mapped_column(
        Integer(), server_default=text("0"), comment="Calls with it that failed."
    )
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        comment=(
            "When the row was made; never later than the server's clock. An event may "
            "lie up to 5 minutes before it: clocks of clients differ."
        ),
    )
    updated_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        server_onupdate=FetchedValue(),
        comment="When the row was last written; kept by a trigger.",
    )

    provider: Mapped[AiProvider] = relationship()
    user: Mapped[User] = relationship(back_populates="api_keys")


class Campaign(Base):
    """Marketing campaigns, which group a user's tasks."""

    __tablename__ = "campaigns"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_campaigns"),
        ForeignKeyConstraint(
            ["campaign_type_id"],
            ["campaign_types.id"],
            name="fk_campaigns_campaign_type_id",
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_campaigns_user_id", ondelete="CASCADE"
        ),
        Index(
            "idx_campaigns_active_end",
            "end_date",
            "id",
            postgresql_where=text("(status = 'active'::text)"),
        ),
        Index(
            "idx_campaigns_current_channels",
            "channels",
            postgresql_using="gin",
            postgresql_where=text("(status = ANY (ARRAY['active'::text, 'scheduled'::text]))"),
        ),
        Index(
            "idx_campaigns_type_completed",
            "campaign_type_id",
            "completed_at",
            postgresql_include=["launched_at"],
        ),
        Index(
            "idx_campaigns_user_current",
            "user_id",
            "start_date",
            "id",
            postgresql_where=text("(status = ANY (ARRAY['active'::text, 'scheduled'::text]))"),
        ),
        Index("idx_campaigns_user_newest", "user_id", "created_at", "id"),
        Index("uq_campaigns_user_id_id", "user_id", "id", unique=True),
        {"comment": "Marketing campaigns, which group a user's tasks."},
    )

    id: Mapped[uuid.UUID] = mapped_column(
        VALID_UUID, server_default=text("new_id()"), comment="Time-ordered identifier."
    )
    user_id: Mapped[int] = mapped_column(BigInteger(), comment="The owner.")
    campaign_type_id: Mapped[int | None] = mapped_column(
        Integer(), comment="Kind of campaign; NULL is a free one."
    )
    name: Mapped[str] = mapped_column(Text(), comment="Name that the owner gave it.")
    description: Mapped[str | None] = mapped_column(Text(), comment="What it is about.")
    status: Mapped[
        Literal["draft", "scheduled", "active", "paused", "completed", "cancelled", "archived"]
    ] = mapped_column(
        Text(), server_default=text("'draft'::text"), comment="Where it is in its life."
    )
    channels: Mapped[list[str]] = mapped_column(
        JSONB(none_as_null=True), comment="Channels that it runs on: a non-empty array of strings."
    )
    target_audience: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="Whom it is for: an object."
    )
    objectives: Mapped[dict[str, Any]] = mapped_column(
        JSONB(none_as_null=True), comment="What it shall achieve: a non-empty object."
    )
    budget_credits: Mapped[int | None] = mapped_column(
        Integer(), comment="Credits that it may spend; NULL is unlimited."
    )
    spent_credits: Mapped[int] = mapped_column(
        Integer(), server_default=text("0"), comment="Credits that it has spent; within the budget."
    )
    content_templates: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True),
        comment="Templates that the campaign's content starts from: an object.",
    )
    scheduling: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="When its tasks run: an object."
    )
    automation_rules: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="What happens by itself, and when: an object."
    )
    metrics: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="What it has achieved so far: an object."
    )
    a_b_testing: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="Variants and how they are compared: an object."
    )
    start_date: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="When it is planned to start."
    )
    end_date: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="When it is planned to end."
    )
    launched_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="When it did start."
    )
    completed_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="When it did end."
    )
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        comment=(
            "When the row was made; never later than the server's clock. An event may "
            "lie up to 5 minutes before it: clocks of clients differ."
        ),
    )
    updated_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        server_onupdate=FetchedValue(),
        comment="When the row was last written; kept by a trigger.",
    )

    campaign_type: Mapped[CampaignType | None] = relationship()
    user: Mapped[User] = relationship(back_populates="campaigns")
    tasks: Mapped[list[Task]] = relationship(
        back_populates="campaign",
        primaryjoin=(
            "and_(Task.user_id == Campaign.user_id, foreign(Task.campaign_id) == Campaign.id)"
        ),
        passive_deletes="all",
    )


class Task(Base):
    """AI work: what is asked, by whom, at what cost, and what came of it. Also the workers' queue.
    Pages are filled to 80 % so that a task's changes of status, which touch no index, stay on
    its page.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_tasks"),
        ForeignKeyConstraint(
            ["user_id", "campaign_id"],
            ["campaigns.user_id", "campaigns.id"],
            name="fk_tasks_campaign_id",
            ondelete="SET NULL (campaign_id)",
        ),
        ForeignKeyConstraint(
            ["provider_model_id"],
            ["provider_models.id"],
            name="fk_tasks_provider_model_id",
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["task_type_id"], ["task_types.id"], name="fk_tasks_task_type_id", ondelete="RESTRICT"
        ),
        ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_tasks_user_id", ondelete="CASCADE"
        ),
        Index(
            "idx_tasks_campaign_newest",
            "user_id",
            "campaign_id",
            "created_at",
            "id",
            postgresql_include=["credit_cost"],
            postgresql_where=text("(campaign_id IS NOT NULL)"),
        ),
        Index(
            "idx_tasks_created",
            "created_at",
            postgresql_include=["user_id", "provider_model_id", "credit_cost"],
        ),
        Index(
            "idx_tasks_failures",
            "completed_at",
            postgresql_where=text("(error_message IS NOT NULL)"),
        ),
        Index(
            "idx_tasks_model_latency",
            "provider_model_id",
            "completed_at",
            postgresql_include=["execution_time_ms"],
        ),
        Index(
            "idx_tasks_queue",
            text(
                "(\n"
                "CASE priority\n"
                "    WHEN 'urgent'::text THEN 1\n"
                "    WHEN 'high'::text THEN 2\n"
                "    WHEN 'medium'::text THEN 3\n"
                "    ELSE 4\n"
                "END)"
            ),
            text("COALESCE(scheduled_at, created_at)"),
            "id",
            postgresql_where=text("(completed_at IS NULL)"),
        ),
        Index(
            "idx_tasks_result_expiry",
            "expires_at",
            "id",
            postgresql_where=text("((result_payload IS NOT NULL) AND (expires_at IS NOT NULL))"),
        ),
        Index(
            "idx_tasks_scheduled",
            "scheduled_at",
            "id",
            postgresql_where=text("((completed_at IS NULL) AND (scheduled_at IS NOT NULL))"),
        ),
        Index("idx_tasks_type_user_newest", "task_type_id", "user_id", "created_at", "id"),
        Index(
            "idx_tasks_user_newest",
            "user_id",
            "created_at",
            "id",
            postgresql_include=["provider_model_id", "credit_cost"],
        ),
        Index(
            "idx_tasks_user_unfinished",
            "user_id",
            "created_at",
            "id",
            postgresql_where=text("(completed_at IS NULL)"),
        ),
        Index("uq_tasks_user_id_id", "user_id", "id", unique=True),
        {
            "comment": (
                "AI work: what is asked, by whom, at what cost, and what came of it. Also "
                "the workers' queue. Pages are filled to 80 % so that a task's changes of "
                "status, which touch no index, stay on its page."
            )
        },
    )

    id: Mapped[uuid.UUID] = mapped_column(
        VALID_UUID, server_default=text("new_id()"), comment="Time-ordered identifier."
    )
    user_id: Mapped[int] = mapped_column(BigInteger(), comment="The owner, who pays.")
    task_type_id: Mapped[int | None] = mapped_column(Integer(), comment="Kind of work.")
    provider_model_id: Mapped[int | None] = mapped_column(
        Integer(), comment="Model that runs it; NULL until one is chosen."
    )
    campaign_id: Mapped[uuid.UUID | None] = mapped_column(
        VALID_UUID, comment="Campaign that it is filed under, of the same user; NULL is none."
    )
    status: Mapped[
        Literal[
            "pending",
            "queued",
            "processing",
            "retrying",
            "completed",
            "failed",
            "cancelled",
            "expired",
        ]
    ] = mapped_column(
        Text(), server_default=text("'pending'::text"), comment="Where it is in its life."
    )
    priority: Mapped[Literal["low", "medium", "high", "urgent"]] = mapped_column(
        Text(), server_default=text("'medium'::text"), comment="How soon workers take it."
    )
    credit_cost: Mapped[int] = mapped_column(Integer(), comment="Credits that it costs.")
    estimated_cost: Mapped[int | None] = mapped_column(
        Integer(), comment="Credits that it was thought to cost beforehand."
    )
    request_payload: Mapped[dict[str, Any]] = mapped_column(
        JSONB(none_as_null=True), comment="What is asked of the model: a non-empty object."
    )
    result_payload: Mapped[dict[str, Any] | list[Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="What the model answered: an object or an array."
    )
    error_message: Mapped[str | None] = mapped_column(
        Text(), comment="What went wrong, for people."
    )
    error_code: Mapped[str | None] = mapped_column(
        Text(), comment="What went wrong, for programs; in lower-case words joined by underscores."
    )
    execution_time_ms: Mapped[int | None] = mapped_column(
        Integer(), comment="How long the model took, in milliseconds."
    )
    retry_count: Mapped[int] = mapped_column(
        Integer(), server_default=text("0"), comment="How often it was tried again."
    )
    scheduled_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="Not to be run before; NULL is at once."
    )
    started_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="When a worker took it."
    )
    completed_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="When it ended, whatever the outcome."
    )
    expires_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="When it, and its result, may be forgotten."
    )
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        comment=(
            "When the row was made; never later than the server's clock. An event may "
            "lie up to 5 minutes before it: clocks of clients differ."
        ),
    )
    updated_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        server_onupdate=FetchedValue(),
        comment="When the row was last written; kept by a trigger.",
    )

    campaign: Mapped[Campaign | None] = relationship(
        back_populates="tasks",
        primaryjoin=(
            "and_(Task.user_id == Campaign.user_id, foreign(Task.campaign_id) == Campaign.id)"
        ),
    )
    provider_model: Mapped[ProviderModel | None] = relationship()
    task_type: Mapped[TaskType | None] = relationship()
    user: Mapped[User] = relationship(back_populates="tasks")
    generated_content: Mapped[GeneratedContent | None] = relationship(
        back_populates="task",
        primaryjoin=(
            "and_(GeneratedContent.user_id == Task.user_id, "
            "foreign(GeneratedContent.task_id) == Task.id)"
        ),
        passive_deletes="all",
    )


class GeneratedContent(Base):
    """What tasks produced: texts here, files in a storage."""

    __tablename__ = "generated_content"
    __table_args__ = (
        PrimaryKeyConstraint("id", name="pk_generated_content"),
        UniqueConstraint("task_id", name="uq_generated_content_task_id"),
        ForeignKeyConstraint(
            ["user_id", "task_id"],
            ["tasks.user_id", "tasks.id"],
            name="fk_generated_content_task_id",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_generated_content_user_id", ondelete="CASCADE"
        ),
        Index(
            "idx_generated_content_expiry",
            "expires_at",
            "id",
            postgresql_where=text("(expires_at IS NOT NULL)"),
        ),
        Index(
            "idx_generated_content_public_downloads",
            "content_type",
            "download_count",
            "id",
            postgresql_where=text("is_public"),
        ),
        Index(
            "idx_generated_content_public_newest",
            "created_at",
            "id",
            postgresql_where=text("is_public"),
        ),
        Index(
            "idx_generated_content_quality",
            "content_type",
            "quality_score",
            "id",
            postgresql_where=text("(quality_score IS NOT NULL)"),
        ),
        Index(
            "idx_generated_content_user_favourites",
            "user_id",
            "created_at",
            "id",
            postgresql_where=text("is_favorite"),
        ),
        Index("idx_generated_content_user_newest", "user_id", "created_at", "id"),
        Index(
            "idx_generated_content_user_task_size",
            "user_id",
            "task_id",
            postgresql_include=["file_size_bytes"],
        ),
        Index(
            "idx_generated_content_user_text",
            text(
                "(to_tsvector('portuguese'::regconfig, regexp_replace(\"left\"(content_text, "
                "100000), '[-@_/]+'::text, ' '::text, 'g'::text)) || "
                "array_to_tsvector(ARRAY['USER'::text || user_id::text]))"
            ),
            postgresql_using="gin",
            postgresql_where=text("(content_type = 'text'::text)"),
        ),
        Index(
            "idx_generated_content_user_type_newest", "user_id", "content_type", "created_at", "id"
        ),
        {"comment": "What tasks produced: texts here, files in a storage."},
    )

    id: Mapped[uuid.UUID] = mapped_column(
        VALID_UUID, server_default=text("new_id()"), comment="Time-ordered identifier."
    )
    task_id: Mapped[uuid.UUID] = mapped_column(
        VALID_UUID, comment="The task that produced it; one content each."
    )
    user_id: Mapped[int] = mapped_column(BigInteger(), comment="The owner, who is the task's.")
    content_type: Mapped[Literal["text", "image", "audio", "video", "document", "data"]] = (
        mapped_column(Text(), comment="What it is, for people.")
    )
    mime_type: Mapped[str | None] = mapped_column(
        Text(), comment="What it is, for programs: type/subtype in lower case, without parameters."
    )
    file_size_bytes: Mapped[int | None] = mapped_column(
        BigInteger(), comment="Size of the file in bytes."
    )
    file_url: Mapped[str | None] = mapped_column(
        VALID_URL, comment="Where the file can be fetched."
    )
    thumbnail_url: Mapped[str | None] = mapped_column(
        VALID_URL, comment="Where a small picture of it can be fetched."
    )
    original_filename: Mapped[str | None] = mapped_column(
        Text(), comment="Name to save the file under; no path."
    )
    storage_path: Mapped[str | None] = mapped_column(
        Text(), comment="Path of the file within its storage; relative, and never out of it."
    )
    storage_provider: Mapped[Literal["minio", "s3", "gcs", "azure_blob", "local"] | None] = (
        mapped_column(Text(), comment="Storage that holds the file.")
    )
    content_text: Mapped[str | None] = mapped_column(
        Text(),
        comment=("The text itself, of any length; the first 100,000 characters are searchable."),
    )
    content_metadata: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True),
        comment="What is known of the content, its dimensions say: an object.",
    )
    processing_metadata: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="How it was made: an object."
    )
    quality_score: Mapped[Decimal | None] = mapped_column(
        Numeric(4, 2), comment="How good it is, 0 to 10."
    )
    is_favorite: Mapped[bool] = mapped_column(
        Boolean(), server_default=text("false"), comment="Whether the owner marked it."
    )
    is_public: Mapped[bool] = mapped_column(
        Boolean(), server_default=text("false"), comment="Whether the public gallery shows it."
    )
    download_count: Mapped[int] = mapped_column(
        Integer(), server_default=text("0"), comment="How often it was downloaded."
    )
    tags: Mapped[list[str] | None] = mapped_column(
        JSONB(none_as_null=True), comment="Words to find it by: an array of strings."
    )
    expires_at: Mapped[datetime | None] = mapped_column(
        TIMESTAMP(timezone=True), comment="When it may be deleted; NULL is never."
    )
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        comment="When the row was made; never later than the server's clock.",
    )
    updated_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True),
        server_default=text("now()"),
        server_onupdate=FetchedValue(),
        comment="When the row was last written; kept by a trigger.",
    )

    task: Mapped[Task] = relationship(
        back_populates="generated_content",
        primaryjoin=(
            "and_(GeneratedContent.user_id == Task.user_id, "
            "foreign(GeneratedContent.task_id) == Task.id)"
        ),
    )
    user: Mapped[User] = relationship(back_populates="generated_content")


class UnfinishedTask(ViewBase):
    """The tasks that have not ended: what the queue, the workers and the live view of a dashboard
    ask. Lock rows (FOR UPDATE SKIP LOCKED) and update them through it; a task leaves it when
    completed_at is set.
    """

    __tablename__ = "unfinished_tasks"

    id: Mapped[uuid.UUID] = mapped_column(
        VALID_UUID, server_default=text("new_id()"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(BigInteger())
    task_type_id: Mapped[int | None] = mapped_column(Integer())
    provider_model_id: Mapped[int | None] = mapped_column(Integer())
    campaign_id: Mapped[uuid.UUID | None] = mapped_column(VALID_UUID)
    status: Mapped[
        Literal[
            "pending",
            "queued",
            "processing",
            "retrying",
            "completed",
            "failed",
            "cancelled",
            "expired",
        ]
    ] = mapped_column(Text(), server_default=text("'pending'::text"))
    priority: Mapped[Literal["low", "medium", "high", "urgent"]] = mapped_column(
        Text(), server_default=text("'medium'::text")
    )
    credit_cost: Mapped[int] = mapped_column(Integer())
    estimated_cost: Mapped[int | None] = mapped_column(Integer())
    request_payload: Mapped[dict[str, Any]] = mapped_column(JSONB(none_as_null=True))
    result_payload: Mapped[dict[str, Any] | list[Any] | None] = mapped_column(
        JSONB(none_as_null=True)
    )
    error_message: Mapped[str | None] = mapped_column(Text())
    error_code: Mapped[str | None] = mapped_column(Text())
    execution_time_ms: Mapped[int | None] = mapped_column(Integer())
    retry_count: Mapped[int] = mapped_column(Integer(), server_default=text("0"))
    scheduled_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    started_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    completed_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    created_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True), server_default=text("now()")
    )
    updated_at: Mapped[datetime] = mapped_column(
        TIMESTAMP(timezone=True), server_default=text("now()"), server_onupdate=FetchedValue()
    )
    priority_order: Mapped[int | None] = mapped_column(Integer())
    due_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
