-- Names of models: exact, alias, date removed, prefixes of hosts; the tenant's own rows first.
BEGIN;
SELECT plan(33);
SELECT set_config('budget.tenant', budget.catalogue_tenant()::text, true);
DELETE FROM budget.price; DELETE FROM budget.model_alias; DELETE FROM budget.provider_name;
INSERT INTO budget.provider_name (tenant_id, name, provider, kind) SELECT budget.catalogue_tenant(), * FROM (VALUES
    ('openai', 'openai', 'maker'), ('anthropic', 'anthropic', 'maker'), ('google', 'google', 'maker'),
        ('gemini', 'google', 'maker'),
    ('azure', 'azure', 'reseller'), ('openrouter', 'openrouter', 'reseller'), ('bedrock', 'bedrock', 'reseller'),
    ('aws.bedrock', 'bedrock', 'reseller'), ('groq', 'groq', 'host'), ('ollama', 'ollama', 'local')) AS v;
INSERT INTO budget.price (tenant_id, pricing_id, provider, model, input_cost_per_token, output_cost_per_token, source,
    effective_date)
SELECT budget.catalogue_tenant(), budget.uuid_v7(), v.*, 'catalogue', '2024-01-01' FROM (VALUES
    ('openai', 'gpt-4o', 2.5, 10), ('openai', 'gpt-4o-2024-05-13', 5, 15), ('openai', 'gpt-4', 30, 60),
        ('openai', 'gpt-4.1', 2, 8),
    ('anthropic', 'claude-sonnet-4', 3, 15), ('anthropic', 'claude-3-5-sonnet', 3, 15),
    ('google', 'gemini-2.5-pro', 1.25, 10), ('groq', 'llama-3.3-70b-versatile', 0.59, 0.79),
    ('azure', 'gpt-4o', 2.5, 10), ('openrouter', 'z-ai/glm-4.6', 0.5, 2), ('groq', 'shared-model', 1, 2),
    ('openai', 'shared-model', 3, 4), ('ollama', '*', 0, 0), ('anthropic', 'claude-x', 3, 15),
    ('bedrock', 'anthropic.claude-x', 30, 150)) AS v;
INSERT INTO budget.model_alias (tenant_id, provider, alias, price_provider, model) SELECT budget.catalogue_tenant(), *
    FROM (VALUES
    ('anthropic', 'claude-4-sonnet', 'anthropic', 'claude-sonnet-4'), ('openai', 'chatgpt-4o', 'openai', 'gpt-4o'),
    ('bedrock', 'claude-x', 'bedrock', 'anthropic.claude-x')) AS v;

CREATE FUNCTION pg_temp.found(provider text, model text) RETURNS text LANGUAGE sql AS $$
    SELECT price_provider || ' ' || price_model FROM budget.model_resolve(budget.local_tenant(), provider, model)
$$;
SELECT is(pg_temp.found(p, m), f, format('%s %s', coalesce(p, 'any'), m)) FROM (VALUES
    ('openai', 'gpt-4o', 'openai gpt-4o'),
    ('OpenAI', ' GPT-4o ', 'openai gpt-4o'),
    ('openai', 'gpt-4o-2024-05-13', 'openai gpt-4o-2024-05-13'),
    ('openai', 'gpt-4o-2024-11-20', 'openai gpt-4o'),
    ('openai', 'gpt-4-0613', 'openai gpt-4'),
    ('openai', 'gpt-4.1-2025-04-14', 'openai gpt-4.1'),
    ('openai', 'chatgpt-4o-latest', 'openai gpt-4o'),
    ('openai', 'openai/gpt-4o', 'openai gpt-4o'),
    ('openai', 'gpt-4o-unheard-of', NULL),
    ('anthropic', 'claude-sonnet-4-20250514', 'anthropic claude-sonnet-4'),
    ('anthropic', 'claude-sonnet-4@20250514', 'anthropic claude-sonnet-4'),
    ('anthropic', 'claude-4-sonnet-20250514', 'anthropic claude-sonnet-4'),
    ('anthropic', 'claude-3-5-sonnet-latest', 'anthropic claude-3-5-sonnet'),
    ('aws.bedrock', 'us.anthropic.claude-sonnet-4-20250514-v1:0', 'anthropic claude-sonnet-4'),
    ('bedrock', 'anthropic.claude-3-5-sonnet-20241022-v2:0', 'anthropic claude-3-5-sonnet'),
    ('gemini', 'models/gemini-2.5-pro-preview-05-06', 'google gemini-2.5-pro'),
    ('google', 'publishers/google/models/gemini-2.5-pro', 'google gemini-2.5-pro'),
    ('azure', 'gpt-4o-2024-08-06', 'azure gpt-4o'),
    ('azure', 'gpt-4.1', 'openai gpt-4.1'),
    ('openrouter', 'z-ai/glm-4.6', 'openrouter z-ai/glm-4.6'),
    ('openrouter', 'anthropic/claude-sonnet-4', 'anthropic claude-sonnet-4'),
    ('groq', 'openai/gpt-4o', NULL),
    ('ollama', 'my-own:7b', 'ollama *'),
    (NULL, 'gpt-4o', 'openai gpt-4o'),
    (NULL, 'anthropic/claude-sonnet-4-20250514', 'anthropic claude-sonnet-4'),
    (NULL, 'shared-model', 'openai shared-model'),
    ('azure', 'claude-x-20260101', 'anthropic claude-x'),
    (NULL, 'claude-x', 'bedrock anthropic.claude-x'),
    ('nobody', 'gpt-4o', NULL),
    ('openai', '', NULL)) AS t (p, m, f);

-- a tenant's own rows
SELECT set_config('budget.tenant', budget.local_tenant()::text, true);
INSERT INTO budget.model_alias (tenant_id, provider, alias, price_provider, model) VALUES (budget.local_tenant(),
    'openai', 'our-best', 'anthropic', 'claude-sonnet-4');
INSERT INTO budget.price (tenant_id, pricing_id, provider, model, input_cost_per_token, output_cost_per_token, source,
    effective_date)
VALUES (budget.local_tenant(), budget.uuid_v7(), 'openai', 'gpt-4o-2024-11-20', 1, 1, 'manual', '2024-01-01');
SELECT is(pg_temp.found('openai', 'our-best'), 'anthropic claude-sonnet-4', 'an alias of the tenant');
SELECT is(pg_temp.found('openai', 'gpt-4o-2024-11-20'), 'openai gpt-4o-2024-11-20',
    'a dated price of the tenant before the undated one');
SELECT is((SELECT count(*) FROM budget.model_resolve(budget.catalogue_tenant(), 'openai', 'our-best')
    WHERE price_model IS NOT NULL), 0::bigint,
    'and of nobody else');
SELECT * FROM finish();
ROLLBACK;
