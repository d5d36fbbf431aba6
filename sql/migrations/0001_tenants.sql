-- 0001_tenants.sql
-- Why:   every row belongs to a tenant; keys, settings and the audit log stand above all nouns.
-- Locks: none (first install).
-- Mixed: first release.

CREATE TABLE budget.tenant (
    tenant_id         uuid PRIMARY KEY,
    name              text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
    currency          text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    is_active         boolean NOT NULL DEFAULT true,
    default_budget_id uuid,                       -- root of the budget tree
    policy_epoch      bigint NOT NULL DEFAULT 1,  -- raised by every edit that changes which policies count what
    price_epoch       bigint NOT NULL DEFAULT 1,  -- raised by every edit of the tenant's own prices or aliases
    revision_next     integer NOT NULL DEFAULT 1, -- next policy revision; taken under the exclusive epoch lock
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    version           integer NOT NULL DEFAULT 1
);
COMMENT ON TABLE budget.tenant IS 'An organisation. The all-zero tenant owns the shared price catalogue and nothing else.';

CREATE TABLE budget.api_key (
    tenant_id    uuid NOT NULL REFERENCES budget.tenant,
    key_id       uuid NOT NULL,
    public_id    text NOT NULL UNIQUE,            -- the part of the key that may be shown and logged
    secret_hash  bytea NOT NULL CHECK (length(secret_hash) = 32), -- SHA-256 of the whole key text
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role         text NOT NULL CHECK (role IN ('viewer', 'service', 'manager', 'admin')),
    budget_id    uuid,                            -- the key may charge this budget or one below it
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,                     -- to the minute, by the flush of the handlers
    PRIMARY KEY (tenant_id, key_id)
);

CREATE TABLE budget.audit_log (
    tenant_id  uuid NOT NULL,
    audit_id   uuid NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text NOT NULL,
    role       text NOT NULL,
    key_id     uuid,
    request_id text,
    action     text NOT NULL,                     -- 'policy.update'
    entity     text NOT NULL,                     -- 'policy'
    entity_id  text,
    before     jsonb,
    after      jsonb,
    PRIMARY KEY (tenant_id, audit_id)
);
CREATE INDEX audit_log_entity ON budget.audit_log (tenant_id, entity, entity_id, audit_id);
COMMENT ON TABLE budget.audit_log IS 'Append only: a trigger refuses UPDATE and DELETE.';

CREATE TABLE budget.setting (
    name       text PRIMARY KEY,
    value      text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by text NOT NULL
);
COMMENT ON TABLE budget.setting IS 'Lowest layer but the default: PUT /settings and budget config set.';

CREATE TABLE budget.setting_seed (
    name       text PRIMARY KEY,
    value      text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE budget.setting_seed IS 'Limit values of files as last applied: a changed file value is applied once, an unchanged one never again.';

CREATE TABLE budget.job_run (
    run_id     uuid PRIMARY KEY,
    job        text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at   timestamptz,
    status     text NOT NULL DEFAULT 'running' CHECK (status IN ('running', 'ok', 'failed', 'skipped')),
    dry_run    boolean NOT NULL DEFAULT false,
    rows       bigint NOT NULL DEFAULT 0 CHECK (rows >= 0),
    detail     text
);
CREATE INDEX job_run_job ON budget.job_run (job, run_id DESC);
