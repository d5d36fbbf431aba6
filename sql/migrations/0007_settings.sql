-- 0007_settings.sql
-- Why:   rules in SQL need settings whose value is decided outside: environment and files stand above the table setting.
-- Locks: ACCESS EXCLUSIVE on policy for one new column (no rewrite).
-- Mixed: first release.

-- A policy made without a type takes the enforcement level's, and goes with it when the level changes.
ALTER TABLE budget.policy ADD COLUMN follows_level boolean NOT NULL DEFAULT false;

CREATE TABLE budget.setting_effective (
    name         text PRIMARY KEY,
    value        text,                            -- NULL = unset, and the setting has no default
    source       text NOT NULL CHECK (source IN ('environment', '.env.budget', 'config.yaml', 'database', 'default')),
    published_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE budget.setting_effective IS 'The value in force of every setting that is no secret: written by each start, budget db migrate and PUT /settings; read by budget.setting_value().';
