-- 0002_budgets.sql
-- Why:   what may be spent: a tree of budgets, policies on them, approvals.
-- Locks: none (first install).
-- Mixed: first release.

CREATE TABLE budget.budget (
    tenant_id         uuid NOT NULL REFERENCES budget.tenant,
    budget_id         uuid NOT NULL,
    parent_id         uuid,                       -- NULL only for the tenant's root, "Default"
    path              uuid[] NOT NULL CHECK (cardinality(path) BETWEEN 1 AND 8), -- root … self
    name              text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    description       text NOT NULL DEFAULT '',
    owner             text,
    is_active         boolean NOT NULL DEFAULT true,
    currency          text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    time_zone         text NOT NULL DEFAULT 'UTC',
    week_start        smallint NOT NULL DEFAULT 1 CHECK (week_start BETWEEN 1 AND 7),         -- ISO: 1 = Monday
    month_reset_day   smallint NOT NULL DEFAULT 1 CHECK (month_reset_day BETWEEN 1 AND 31),   -- 31 = last day
    reach             text NOT NULL DEFAULT 'all' CHECK (reach IN ('all', 'named')),
    fail_mode         text NOT NULL DEFAULT 'closed' CHECK (fail_mode IN ('closed', 'open')),
    hold_basis        text NOT NULL DEFAULT 'bound' CHECK (hold_basis IN ('bound', 'estimate')),
    allow_free_models boolean NOT NULL DEFAULT true,
    slice_hold_id     uuid,                       -- delegated slice held on the parent (kind slice)
    metadata          jsonb NOT NULL DEFAULT '{}',
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    version           integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, budget_id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES budget.budget,
    CHECK (path[cardinality(path)] = budget_id)
);
CREATE INDEX budget_parent ON budget.budget (tenant_id, parent_id);
CREATE INDEX budget_path ON budget.budget USING gin (path);

-- Current state of a policy. `revision` names what is counted and when (see policy_revision); limits, type and
-- thresholds change in place and raise limit_version when they move a threshold an alert may have fired for.
CREATE TABLE budget.policy (
    tenant_id         uuid NOT NULL,
    policy_id         uuid NOT NULL,
    budget_id         uuid NOT NULL,
    revision          integer NOT NULL,
    type              text NOT NULL CHECK (type IN ('ignore', 'warn', 'soft_limit', 'hard_limit')),
    period            text NOT NULL CHECK (period IN ('hourly', 'daily', 'weekly', 'monthly', 'quarterly', 'yearly',
                                                      'lifetime', 'per_session', 'per_task', 'rolling')),
    window_seconds    integer CHECK (window_seconds BETWEEN 60 AND 31622400),
    tier              text,
    provider          text,
    model             text,
    component         text,
    task_type         text,
    token_limit       bigint CHECK (token_limit BETWEEN 0 AND 1000000000000000),
    cost_limit        numeric CHECK (cost_limit >= 0 AND cost_limit < 1e12 AND scale(cost_limit) <= 30),
    warning_threshold numeric NOT NULL DEFAULT 0.8 CHECK (warning_threshold > 0 AND warning_threshold <= 10),
    action_threshold  numeric NOT NULL DEFAULT 0.95 CHECK (action_threshold > 0 AND action_threshold <= 10),
    start_date        timestamptz,
    end_date          timestamptz,
    enabled           boolean NOT NULL DEFAULT true,
    limit_version     integer NOT NULL DEFAULT 1,
    metadata          jsonb NOT NULL DEFAULT '{}',
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    version           integer NOT NULL DEFAULT 1,
    PRIMARY KEY (tenant_id, policy_id),
    UNIQUE (tenant_id, revision),
    FOREIGN KEY (tenant_id, budget_id) REFERENCES budget.budget,
    CHECK ((period = 'rolling') = (window_seconds IS NOT NULL)),
    CHECK (cost_limit IS NOT NULL OR token_limit IS NOT NULL)
);
CREATE UNIQUE INDEX policy_twin ON budget.policy
    (tenant_id, budget_id, type, period, window_seconds, tier, provider, model, component, task_type)
    NULLS NOT DISTINCT WHERE enabled;

-- Every meaning a policy ever had. Records and holds name revisions, never policies, so the past never moves.
CREATE TABLE budget.policy_revision (
    tenant_id       uuid NOT NULL,
    revision        integer NOT NULL,
    policy_id       uuid NOT NULL,
    budget_id       uuid NOT NULL,
    path            uuid[] NOT NULL,              -- of the budget when the revision was made
    period          text NOT NULL,
    window_seconds  integer,
    tier            text,
    provider        text,
    model           text,
    component       text,
    task_type       text,
    reach           text NOT NULL,
    time_zone       text NOT NULL,
    week_start      smallint NOT NULL,
    month_reset_day smallint NOT NULL,
    opened_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at       timestamptz,                  -- NULL = the policy's current revision
    PRIMARY KEY (tenant_id, revision)
);
CREATE INDEX policy_revision_policy ON budget.policy_revision (tenant_id, policy_id, revision);

CREATE TABLE budget.approval (
    tenant_id    uuid NOT NULL,
    approval_id  uuid NOT NULL,
    policy_id    uuid NOT NULL,
    scope        text NOT NULL DEFAULT '',        -- context_id the headroom is for; '' = any
    cost         numeric CHECK (cost > 0 AND cost < 1e12 AND scale(cost) <= 30),
    tokens       bigint CHECK (tokens BETWEEN 1 AND 1000000000000),
    reason       text NOT NULL DEFAULT '',
    state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'granted', 'denied')),
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    valid_from   timestamptz,
    valid_until  timestamptz,                     -- asked for; on grant: or the end of the policy's period
    decided_by   text,
    decided_at   timestamptz,
    note         text,
    PRIMARY KEY (tenant_id, approval_id),
    FOREIGN KEY (tenant_id, policy_id) REFERENCES budget.policy,
    CHECK (cost IS NOT NULL OR tokens IS NOT NULL)
);
CREATE UNIQUE INDEX approval_open ON budget.approval (tenant_id, policy_id, scope, requested_by) WHERE state = 'pending';
CREATE INDEX approval_granted ON budget.approval (tenant_id, policy_id) WHERE state = 'granted';
