-- 0005_alerts.sql
-- Why:   one alert per crossing, raised in the transaction that crosses; delivery by outbox.
-- Locks: none (first install).
-- Mixed: first release.

CREATE TABLE budget.alert (
    tenant_id       uuid NOT NULL,
    alert_id        uuid NOT NULL,
    policy_id       uuid,                         -- NULL for alerts about the system (job failed, drift found)
    budget_id       uuid,
    revision        integer,
    scope_group     text NOT NULL DEFAULT '',     -- per_session / per_task: the hour they are grouped by
    period_start    timestamptz NOT NULL,
    period_end      timestamptz,
    level           text NOT NULL CHECK (level IN ('warning', 'action', 'limit', 'system')),
    unit            text NOT NULL CHECK (unit IN ('cost', 'tokens', 'none')),
    limit_version   integer NOT NULL DEFAULT 0,
    severity        text NOT NULL CHECK (severity IN ('info', 'warning', 'error')),
    type            text NOT NULL,                -- cost_limit_exceeded, token_limit_approaching, …
    message         text NOT NULL,
    details         jsonb NOT NULL DEFAULT '{}',
    count           bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    acknowledged_at timestamptz,
    acknowledged_by text,
    PRIMARY KEY (tenant_id, alert_id)
);
CREATE UNIQUE INDEX alert_once ON budget.alert
    (tenant_id, policy_id, scope_group, period_start, level, unit, limit_version) NULLS NOT DISTINCT;
CREATE INDEX alert_open ON budget.alert (tenant_id, alert_id DESC) WHERE acknowledged_at IS NULL;

CREATE TABLE budget.outbox (
    tenant_id  uuid NOT NULL,
    outbox_id  uuid NOT NULL,
    alert_id   uuid,
    channel_id uuid,                              -- NULL = the event stream
    kind       text NOT NULL,                     -- 'alert.raised', 'alert.resolved', …
    payload    jsonb NOT NULL,
    state      text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'sent', 'dead')),
    next_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts   integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (tenant_id, outbox_id)
);
CREATE UNIQUE INDEX outbox_once ON budget.outbox (tenant_id, alert_id, channel_id, kind) NULLS NOT DISTINCT;
CREATE INDEX outbox_due ON budget.outbox (next_at) WHERE state = 'due';
