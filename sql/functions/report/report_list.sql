-- GET /reports: which reports there are, and how to ask for each.
CREATE OR REPLACE FUNCTION budget.report_list(tenant uuid, context jsonb, args jsonb) RETURNS budget.reply
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, budget, pg_temp AS $$
BEGIN
    PERFORM budget.enter(tenant, context);
    RETURN (NULL::integer, json_build_object('items', json_build_array(
        json_build_object('name', 'summary', 'path', '/api/v1/reports/summary', 'description',
            'Spend of a period or range, the dearest providers, models, components and task types, limits, open '
            'alerts, and the span before.',
            'parameters', '{period,start_date,end_date,budget_id,provider,model,component,task_type,tier,top}'::text[]),
        json_build_object('name', 'usage', 'path', '/api/v1/usage/summary', 'description',
            'Exact sums of every token class and cost, grouped by provider, model, component, task type and tier.',
            'parameters', '{period,start_date,end_date,budget_id,provider,model,component,task_type,tier,context_id,'
            'task_id,user_id}'::text[]),
        json_build_object('name', 'optimize', 'path', '/api/v1/optimize', 'description',
            'What would have cost less, by the traffic of the last days: other models, caching, batch.',
            'parameters', '{days,budget_id,provider,model,component,tier,capability,limit}'::text[]),
        json_build_object('name', 'limits', 'path', '/api/v1/limits', 'description',
            'Every limit with what is used, held and left of it.', 'parameters', '{budget_id,period}'::text[])),
        'total', 4, 'page', 1, 'limit', 50, 'next_cursor', NULL), NULL::text);
END $$;
