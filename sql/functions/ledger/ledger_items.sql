-- The group's requests, decoded and looked up: budget, shape, matching policies, price, cost. No row is locked.
-- items: JSON array; members by the column list below, absent = NULL. Everything checkable was checked at the door, so
-- nothing here raises: what only the database can know becomes error_* of that item alone.

-- One reading of the group; planned = false where the shape's plan is missing or older than the tenant's policies.
CREATE OR REPLACE FUNCTION budget.ledger_items_read(p_tenant uuid, p_items json)
RETURNS TABLE (item budget.ledger_item, planned boolean, provider text, model text, tier text, component text, task_type text)
LANGUAGE plpgsql AS $$
DECLARE
    v_backdate interval := make_interval(secs => 3600 * budget.setting_value('backdate_hours')::numeric::float8);
    v_ahead interval := make_interval(secs => 60 * budget.setting_value('future_minutes')::numeric::float8);
    v_now timestamptz := clock_timestamp();
BEGIN
    RETURN QUERY
    SELECT ROW(i.n, i.verb, i.id, i.is_fresh, i.key_hash, i.body_hash, i.key_id, i.context_id, i.task_id,
               coalesce(h.hold_id, i.hold_id), x.at, coalesce(i.received_at, v_now), u.usage, i.kind, i.priority, i.is_final,
               coalesce(i.ttl_seconds, ceil(extract(epoch FROM i.expires_at - v_now))::integer), i.reported_cost, i.operation_id, i.request_id, i.user_id, i.metadata, i.flags,
               e.status, e.code, e.pointer, e.detail,
               b.budget_id, b.time_zone, b.allow_free_models, p.shape_id, p.revisions, pr.pricing_id,
               q.total_tokens, c.input_cost, c.output_cost, c.cost,
               CASE WHEN i.verb = 'record' AND c.cost IS NULL THEN q.total_tokens * budget.unpriced_ceiling(i.provider) END,
               a.hold_tokens, a.hold_cost, a.estimated_cost, pr.pricing_id IS NOT NULL,
               p.price_provider, p.price_model)::budget.ledger_item,
           coalesce(p.policy_epoch = t.policy_epoch AND p.price_epoch = t.price_epoch + cat.price_epoch, b.budget_id IS NULL),
           lower(i.provider), i.model, i.tier, d.component, d.task_type
      FROM json_to_recordset(p_items) AS i (
               n integer, verb text, id uuid, is_fresh boolean, key_hash bytea, body_hash bytea, key_id uuid, key_budget_id uuid,
               budget_id uuid, provider text, model text, tier text, component text, task_type text, service_tier text,
               context_id text, task_id text, hold_id uuid, occurred_at timestamptz, occurred_local timestamp, received_at timestamptz,
               input_tokens bigint, cache_read_tokens bigint, cache_write_5m_tokens bigint, cache_write_1h_tokens bigint,
               output_tokens bigint, reasoning_tokens bigint, input_audio_tokens bigint, output_audio_tokens bigint,
               input_image_tokens bigint, output_image_tokens bigint, requests bigint, characters bigint, images bigint, seconds numeric,
               output_characters bigint, web_searches bigint,
               kind text, priority smallint, is_final boolean, ttl_seconds integer, expires_at timestamptz,
               tokens bigint, cost numeric, max_output_tokens bigint, estimated_tokens bigint,
               reported_cost numeric, operation_id text, request_id text, user_id text, metadata jsonb, flags text[])
      JOIN budget.tenant t ON t.tenant_id = p_tenant
      JOIN budget.tenant cat ON cat.tenant_id = budget.catalogue_tenant()
      LEFT JOIN LATERAL (SELECT f.* FROM budget.ledger_hold_of(p_tenant, i.verb, i.hold_id, i.context_id, i.component) f
                          WHERE i.hold_id IS NOT NULL OR (i.verb = 'record' AND i.context_id IS NOT NULL)) h ON true
      LEFT JOIN budget.budget b ON b.tenant_id = p_tenant
            AND b.budget_id = coalesce(i.budget_id, h.budget_id, i.key_budget_id, t.default_budget_id)
     CROSS JOIN LATERAL (SELECT coalesce(i.occurred_at, i.occurred_local AT TIME ZONE b.time_zone) AS at) x
     CROSS JOIN LATERAL (SELECT CASE WHEN i.verb = 'record' THEN coalesce(i.component, h.component, 'unknown') ELSE i.component END AS component,
                                CASE WHEN i.verb = 'record' THEN coalesce(i.task_type, h.task_type, 'default') ELSE i.task_type END AS task_type) d
      LEFT JOIN budget.shape_plan p ON p.tenant_id = p_tenant AND i.verb IN ('record', 'reserve', 'check')
            AND p.attrs_hash = budget.attrs_hash(b.budget_id, lower(i.provider), i.model, i.tier, d.component, d.task_type)
     CROSS JOIN LATERAL (SELECT ROW(i.input_tokens, i.cache_read_tokens, i.cache_write_5m_tokens, i.cache_write_1h_tokens,
               i.output_tokens, i.reasoning_tokens, i.input_audio_tokens, i.output_audio_tokens, i.input_image_tokens,
               i.output_image_tokens, coalesce(i.requests, 1), i.characters, i.images, i.seconds,
               i.output_characters, i.web_searches)::budget.token_usage AS usage) u
     CROSS JOIN LATERAL (SELECT CASE WHEN i.verb = 'record' THEN
               coalesce(i.input_tokens, 0) + coalesce(i.cache_read_tokens, 0) + coalesce(i.cache_write_5m_tokens, 0)
               + coalesce(i.cache_write_1h_tokens, 0) + coalesce(i.output_tokens, 0) + coalesce(i.reasoning_tokens, 0)
               + coalesce(i.input_audio_tokens, 0) + coalesce(i.output_audio_tokens, 0) + coalesce(i.input_image_tokens, 0)
               + coalesce(i.output_image_tokens, 0) END AS total_tokens) q
      LEFT JOIN LATERAL budget.price_at(p_tenant, p.price_provider, p.price_model, coalesce(i.service_tier, 'standard'),
               CASE WHEN i.verb = 'record' THEN coalesce(x.at, v_now) ELSE v_now END) pr ON true
      LEFT JOIN LATERAL (SELECT f.* FROM budget.usage_cost(pr, u.usage) f WHERE i.verb = 'record' AND pr.pricing_id IS NOT NULL) c ON true
      LEFT JOIN LATERAL (SELECT f.* FROM budget.ledger_ask(pr, i.provider, b.hold_basis, i.tokens, i.cost, i.input_tokens,
               i.max_output_tokens, i.estimated_tokens) f WHERE i.verb IN ('reserve', 'check')) a ON true
      LEFT JOIN LATERAL budget.ledger_door(i.verb, i.budget_id, i.key_budget_id, b, x.at, coalesce(i.received_at, v_now),
               h.hold_id IS NOT NULL, v_backdate, v_ahead) e ON true
     ORDER BY i.n;
END $$;

-- The hold a request means: the one it names, else (record only) the oldest live one of its context and component.
CREATE OR REPLACE FUNCTION budget.ledger_hold_of(p_tenant uuid, p_verb text, p_hold uuid, p_context text, p_component text,
    OUT hold_id uuid, OUT budget_id uuid, OUT component text, OUT task_type text) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_hold IS NOT NULL THEN
        SELECT h.hold_id, h.budget_id, s.component, s.task_type INTO hold_id, budget_id, component, task_type
          FROM budget.hold h JOIN budget.shape s ON s.tenant_id = p_tenant AND s.shape_id = h.shape_id
         WHERE h.tenant_id = p_tenant AND h.hold_id = p_hold;
    ELSIF p_verb = 'record' THEN
        SELECT h.hold_id, h.budget_id, s.component, s.task_type INTO hold_id, budget_id, component, task_type
          FROM budget.hold h JOIN budget.shape s ON s.tenant_id = p_tenant AND s.shape_id = h.shape_id
         WHERE h.tenant_id = p_tenant AND h.context_id = p_context AND h.state = 'live' AND h.kind <> 'slice'
           AND h.expires_at > clock_timestamp()
           AND (p_component IS NULL OR s.component IS NULL OR s.component = p_component)
         ORDER BY h.hold_id LIMIT 1;
    END IF;
END $$;

-- What a reserve or check asks for, in tokens and money.
--   input + max_output: the bound of exactly that call; tokens (or estimated_tokens) alone: every token at the dearest class
--   (hold_basis estimate: the 25/75 split); cost alone: that cost. No max_output_tokens: the setting max_output_tokens_default. Unpriced: the configured ceiling per token.
CREATE OR REPLACE FUNCTION budget.ledger_ask(price budget.price, provider text, basis text, tokens bigint, cost numeric,
    input_tokens bigint, max_output_tokens bigint, estimated_tokens bigint,
    OUT hold_tokens bigint, OUT hold_cost numeric, OUT estimated_cost numeric) LANGUAGE plpgsql STABLE AS $$
DECLARE
    bare bigint := coalesce(tokens, estimated_tokens);
    bound numeric;
BEGIN
    IF bare IS NULL AND (input_tokens IS NOT NULL OR max_output_tokens IS NOT NULL) THEN
        max_output_tokens := coalesce(max_output_tokens, budget.setting_value('max_output_tokens_default')::bigint);
        hold_tokens := coalesce(input_tokens, 0) + coalesce(max_output_tokens, 0);
        bound := budget.cost_bound(price, coalesce(input_tokens, 0), coalesce(max_output_tokens, 0));
        estimated_cost := bound;
    ELSE
        hold_tokens := coalesce(bare, 0);
        IF bare IS NOT NULL THEN
            bound := budget.cost_bound_bare(price, bare);
            estimated_cost := budget.cost_estimate(price, bare);
        END IF;
    END IF;
    IF (price).pricing_id IS NULL AND hold_tokens > 0 THEN
        bound := hold_tokens * budget.unpriced_ceiling(provider);
        estimated_cost := NULL;
    END IF;
    hold_cost := coalesce(cost, CASE WHEN basis = 'estimate' THEN estimated_cost END, bound, 0);
    estimated_cost := coalesce(estimated_cost, cost);
END $$;

-- What only the database can say about a request at the door; all NULL = let it in.
CREATE OR REPLACE FUNCTION budget.ledger_door(p_verb text, p_named uuid, p_key_budget uuid, p_budget budget.budget,
    p_occurred timestamptz, p_received timestamptz, p_has_hold boolean, p_backdate interval, p_ahead interval,
    OUT status integer, OUT code text, OUT pointer text, OUT detail text) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_verb IN ('release', 'extend') THEN
        RETURN;
    END IF;
    IF (p_budget).budget_id IS NULL THEN
        SELECT 422, 'budget_not_found', '/budget_id', format('There is no budget %s: name one that GET /api/v1/budgets lists, or leave budget_id out for Default.', p_named)
          INTO status, code, pointer, detail;
    ELSIF p_key_budget IS NOT NULL AND NOT p_key_budget = ANY ((p_budget).path) THEN
        SELECT 403, 'budget_out_of_reach', '/budget_id', format('This key may charge budget %s and those below it, no other.', p_key_budget)
          INTO status, code, pointer, detail;
    ELSIF p_verb <> 'record' AND NOT (p_budget).is_active THEN
        SELECT 422, 'budget_inactive', '/budget_id', 'This budget is retired: name an active one.' INTO status, code, pointer, detail;
    ELSIF p_verb = 'record' AND p_occurred > p_received + p_ahead THEN
        SELECT 422, 'timestamp_in_future', '/timestamp', format('timestamp lies more than %s ahead of our clock: check the sender''s clock and zone.', p_ahead)
          INTO status, code, pointer, detail;
    ELSIF p_verb = 'record' AND NOT p_has_hold AND p_occurred < p_received - p_backdate THEN
        SELECT 422, 'timestamp_too_old', '/timestamp', format('timestamp lies more than %s back: usage that old goes through an import, not through record.', p_backdate)
          INTO status, code, pointer, detail;
    END IF;
END $$;

-- The group's items, every shape planned under the policies and prices of now.
CREATE OR REPLACE FUNCTION budget.ledger_items(p_tenant uuid, p_items json) RETURNS budget.ledger_item[] LANGUAGE plpgsql AS $$
DECLARE
    result budget.ledger_item[];
    all_planned boolean;
    todo record;
BEGIN
    FOR attempt IN 1..3 LOOP
        SELECT array_agg(r.item), bool_and(r.planned) INTO result, all_planned FROM budget.ledger_items_read(p_tenant, p_items) r;
        EXIT WHEN all_planned;
        FOR todo IN SELECT DISTINCT (r.item).budget_id, r.provider, r.model, r.tier, r.component, r.task_type
                      FROM budget.ledger_items_read(p_tenant, p_items) r WHERE NOT r.planned ORDER BY 1, 2, 3, 4, 5, 6 LOOP
            PERFORM budget.shape_plan_make(p_tenant, todo.budget_id, todo.provider, todo.model, todo.tier, todo.component, todo.task_type);
        END LOOP;
    END LOOP;
    RETURN result;
END $$;
