-- The group's requests, decoded and looked up: budget, shape, matching policies, price, cost. No row is locked.
-- p_items, p_shapes: arrays, and two, because every look into a JSON text reads all of it. An item's s is the position
-- of its shape; members by the column lists here and in ledger_shapes_read(), absent = NULL. Everything checkable was
-- checked at the door, so nothing here raises: what only the database can know becomes error_code of that item alone.
-- An item with received_at comes from the spool and was acknowledged then: it happened then unless it
-- says when, and a time that lay ahead even of that is taken as that.
CREATE OR REPLACE FUNCTION budget.ledger_items(p_tenant uuid, p_items json, p_shapes json, is_resend boolean,
    by_hold boolean, OUT items budget.ledger_item[],
    OUT shapes budget.ledger_shape[],
    OUT flags budget.ledger_flags) LANGUAGE plpgsql AS $$
DECLARE
    v_backdate interval := make_interval(hours => budget.setting_value('backdate_hours')::integer);
    v_ahead interval := make_interval(mins => budget.setting_value('future_minutes')::integer);
    v_life constant interval := interval '366 days'; -- TTL_MAX_SECONDS of the door
    v_now timestamptz := clock_timestamp();
    v_shapes json := p_shapes;
    places integer[];  -- of each item's shape, where holds told apart what was one shape
    holds uuid[];      -- that records were found to mean
    read record;
BEGIN
    IF by_hold THEN
        SELECT r.shapes, r.places, r.holds INTO v_shapes, places, holds FROM budget.ledger_refs(p_tenant, p_items,
            p_shapes) r;
    END IF;
    shapes := budget.ledger_shapes(p_tenant, v_shapes);
    SELECT array_agg(ROW(i.n, i.verb, i.id, i.is_fresh AND NOT is_resend, i.key_hash, i.body_hash, i.key_id,
        i.context_id, i.task_id,
               coalesce(holds[i.n], i.hold_id), x.at, coalesce(i.received_at, v_now), u.usage, i.kind, i.priority,
                   i.is_final,
               coalesce(i.ttl_seconds, CASE WHEN x.until IS NOT NULL -- least() leaves NULL out
                   THEN ceil(extract(epoch FROM least(x.until, v_now + v_life) - v_now))::integer END),
               i.reported_cost, i.operation_id, i.request_id, i.user_id, i.metadata,
               CASE WHEN i.received_at IS NULL THEN i.flags ELSE array_append(i.flags, 'spooled') END,
               CASE WHEN sh.error_code IS NOT NULL THEN sh.error_code
                    WHEN x.at > coalesce(i.received_at, v_now) + v_ahead THEN 'timestamp_in_future'
                    WHEN x.at < coalesce(i.received_at, v_now) - v_backdate
                        AND holds[i.n] IS NULL THEN 'timestamp_too_old'
                    WHEN x.until <= v_now THEN 'expiry_in_the_past'
                    WHEN x.until > v_now + v_life THEN 'expiry_too_far' END,
               sh.s, sh.budget_id, sh.allow_free, sh.shape_id, sh.revisions,
               CASE WHEN sh.is_scoped THEN concat_ws(chr(31), sh.s, coalesce(i.context_id, ''), coalesce(i.task_id,
                   '')) ELSE sh.s::text END, (pr.price).pricing_id, (pr.price).version,
               q.total_tokens, c.input_cost, c.output_cost, c.cost,
               CASE WHEN c.cost IS NULL AND i.verb = 'record' THEN q.total_tokens * coalesce(sh.ceiling_rate,
                   budget.unpriced_ceiling(sh.provider)) END,
               (a.ask).hold_tokens, (a.ask).hold_cost, (a.ask).estimated_cost, (pr.price).pricing_id IS NOT NULL,
               sh.price_provider, sh.price_model, sh.ends_by,
               nullif(sh.service_tier, 'standard'), i.raw)::budget.ledger_item ORDER BY i.n) AS items,
           ROW(bool_or(sh.error_code IS NOT NULL OR x.at IS NOT NULL OR x.until IS NOT NULL),
               bool_or(i.verb = 'record'), bool_or(i.verb = 'reserve'),
               bool_or(coalesce(holds[i.n], i.hold_id) IS NOT NULL), bool_or((NOT i.is_fresh OR is_resend
                   OR i.key_hash IS NOT NULL) AND i.verb IN ('record', 'reserve')), bool_or(i.key_hash IS NOT NULL), bool_or(sh.slices IS NOT NULL),
               bool_or(i.verb = 'reserve' AND i.kind = 'check'))::budget.ledger_flags AS flags
      INTO read
      FROM json_to_recordset(p_items) AS i (
               n integer, s integer, verb text, id uuid, is_fresh boolean, key_hash bytea, body_hash bytea, key_id uuid,
               context_id text, task_id text, hold_id uuid, occurred_at timestamptz, occurred_local timestamp,
                   received_at timestamptz,
               input_tokens bigint, cache_read_tokens bigint, cache_write_5m_tokens bigint,
                   cache_write_1h_tokens bigint,
               output_tokens bigint, reasoning_tokens bigint, input_audio_tokens bigint, output_audio_tokens bigint,
               input_image_tokens bigint, output_image_tokens bigint, requests bigint, characters bigint,
                   images bigint, seconds numeric,
               output_characters bigint, web_searches bigint,
               kind text, priority smallint, is_final boolean, ttl_seconds integer, expires_at timestamptz,
                   expires_local timestamp,
               tokens bigint, cost numeric, max_output_tokens bigint, estimated_tokens bigint,
               reported_cost numeric, operation_id text, request_id text, user_id text, metadata jsonb, flags text[],
                   raw jsonb)
      LEFT JOIN unnest(shapes) sh ON sh.s = coalesce(places[i.n], i.s)
     CROSS JOIN LATERAL (SELECT coalesce(i.occurred_at, i.occurred_local AT TIME ZONE sh.time_zone,
                                i.received_at) AS said) said
     CROSS JOIN LATERAL (SELECT CASE WHEN said.said > i.received_at + v_ahead THEN i.received_at
                                ELSE said.said END AS at,
                                coalesce(i.expires_at, i.expires_local AT TIME ZONE sh.time_zone) AS until) x
     CROSS JOIN LATERAL (SELECT ROW(i.input_tokens, i.cache_read_tokens, i.cache_write_5m_tokens,
         i.cache_write_1h_tokens,
               i.output_tokens, i.reasoning_tokens, i.input_audio_tokens, i.output_audio_tokens, i.input_image_tokens,
               i.output_image_tokens, coalesce(i.requests, 1), i.characters, i.images, i.seconds,
               i.output_characters, i.web_searches)::budget.token_usage AS usage) u
     CROSS JOIN LATERAL (SELECT coalesce(i.input_tokens, 0) + coalesce(i.cache_read_tokens,
         0) + coalesce(i.cache_write_5m_tokens, 0)
               + coalesce(i.cache_write_1h_tokens, 0) + coalesce(i.output_tokens, 0) + coalesce(i.reasoning_tokens, 0)
               + coalesce(i.input_audio_tokens, 0) + coalesce(i.output_audio_tokens,
                   0) + coalesce(i.input_image_tokens, 0)
               + coalesce(i.output_image_tokens, 0) AS total_tokens) q
     CROSS JOIN LATERAL (SELECT CASE WHEN x.at IS NULL OR x.at >= (sh.price).effective_date
         AND x.at < coalesce((sh.price).end_date, 'infinity')
               THEN sh.price ELSE (SELECT pa FROM budget.price_at(p_tenant, sh.price_provider, sh.price_model,
                   sh.service_tier, x.at) pa) END AS price OFFSET 0) pr
      LEFT JOIN LATERAL budget.usage_cost(pr.price, u.usage) c ON i.verb = 'record'
          AND (pr.price).pricing_id IS NOT NULL
     CROSS JOIN LATERAL (SELECT CASE WHEN i.verb = 'extend' THEN ROW(i.tokens, i.cost, NULL)::budget.ledger_amount
         WHEN i.verb IN ('reserve', 'check') THEN budget.ledger_ask(pr.price, sh.provider,
         sh.hold_basis, i.tokens, i.cost,
               i.input_tokens, i.max_output_tokens, i.estimated_tokens) END AS ask OFFSET 0) a;
    items := read.items;
    flags := read.flags;
END $$;

-- What a reserve or check asks for, in tokens and money.
--   input + max_output: the bound of exactly that call; tokens (or estimated_tokens) alone: every token at the dearest
-- class
--   (hold_basis estimate: the 25/75 split); cost alone: that cost. No max_output_tokens: the setting
-- max_output_tokens_default.
--   Unpriced: the configured ceiling per token.
CREATE OR REPLACE FUNCTION budget.ledger_ask(price budget.price, provider text, basis text, tokens bigint, cost numeric,
    input_tokens bigint, max_output_tokens bigint, estimated_tokens bigint) RETURNS budget.ledger_amount
        LANGUAGE plpgsql STABLE AS $$
DECLARE
    bare bigint := coalesce(tokens, estimated_tokens);
    bound numeric;
    ask budget.ledger_amount;
BEGIN
    IF bare IS NULL AND (input_tokens IS NOT NULL OR max_output_tokens IS NOT NULL) THEN
        max_output_tokens := coalesce(max_output_tokens, budget.setting_value('max_output_tokens_default')::bigint);
        ask.hold_tokens := coalesce(input_tokens, 0) + max_output_tokens;
        bound := budget.cost_bound(price, coalesce(input_tokens, 0), max_output_tokens);
        ask.estimated_cost := budget.cost_estimate(price, coalesce(input_tokens, 0), max_output_tokens);
    ELSE
        ask.hold_tokens := coalesce(bare, 0);
        IF bare IS NOT NULL THEN
            bound := budget.cost_bound_bare(price, bare);
            ask.estimated_cost := budget.cost_estimate(price, bare);
        END IF;
    END IF;
    IF (price).pricing_id IS NULL AND ask.hold_tokens > 0 THEN
        bound := ask.hold_tokens * budget.unpriced_ceiling(provider);
        ask.estimated_cost := NULL;
    END IF;
    ask.hold_cost := coalesce(cost, CASE WHEN basis = 'estimate' THEN ask.estimated_cost END, bound, 0);
    ask.estimated_cost := coalesce(ask.estimated_cost, cost);
    RETURN ask;
END $$;

-- An error of the door as it is said: status, pointer, detail.
CREATE OR REPLACE FUNCTION budget.ledger_door(code text, key_budget_id uuid, OUT status integer, OUT pointer text,
    OUT detail text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    status := CASE code WHEN 'budget_out_of_reach' THEN 403 ELSE 422 END;
    pointer := CASE WHEN code LIKE 'timestamp%' THEN '/timestamp' WHEN code LIKE 'expiry%' THEN '/expires_at'
        ELSE '/budget_id' END;
    detail := CASE code
        WHEN 'budget_not_found' THEN 'There is no such budget: name one that GET /api/v1/budgets lists, or leave budget_id out for Default.'
        WHEN 'budget_out_of_reach' THEN format('This key may charge budget %s and those below it, no other.',
            key_budget_id)
        WHEN 'budget_inactive' THEN 'This budget is retired: name an active one.'
        WHEN 'timestamp_in_future' THEN format('timestamp lies more than %s minutes ahead of our clock: check the sender''s clock and zone.', budget.setting_value('future_minutes'))
        WHEN 'timestamp_too_old' THEN format('timestamp lies more than %s hours back: usage that old goes through an import, not through record.', budget.setting_value('backdate_hours'))
        WHEN 'expiry_in_the_past' THEN 'expires_at lies in the past.'
        WHEN 'expiry_too_far' THEN 'expires_at lies more than 366 days ahead: hold for less, and extend it when it is needed longer.' END;
END $$;
