-- What sql/roles.sql, sql/migrations and sql/grants.sql make of an empty database, without functions and partitions.
-- Generated: make schema. Do not edit.

-- Name: budget; Type: SCHEMA; Schema: -; Owner: budget_owner

CREATE SCHEMA budget;

ALTER SCHEMA budget OWNER TO budget_owner;

-- Name: context_rate; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.context_rate AS (
	above_input_tokens bigint,
	input_cost_per_token numeric,
	output_cost_per_token numeric,
	cache_read_cost_per_token numeric,
	cache_write_5m_cost_per_token numeric,
	cache_write_1h_cost_per_token numeric,
	reasoning_cost_per_token numeric
);

ALTER TYPE budget.context_rate OWNER TO budget_owner;

-- Name: ledger_amount; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.ledger_amount AS (
	hold_tokens bigint,
	hold_cost numeric,
	estimated_cost numeric
);

ALTER TYPE budget.ledger_amount OWNER TO budget_owner;

-- Name: ledger_flags; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.ledger_flags AS (
	has_error boolean,
	has_record boolean,
	has_reserve boolean,
	has_hold boolean,
	has_repeat boolean,
	has_key boolean,
	has_slice boolean,
	has_quote boolean
);

ALTER TYPE budget.ledger_flags OWNER TO budget_owner;

-- Name: ledger_hold_ref; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.ledger_hold_ref AS (
	hold_id uuid,
	budget_id uuid,
	component text,
	task_type text
);

ALTER TYPE budget.ledger_hold_ref OWNER TO budget_owner;

-- Name: token_usage; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.token_usage AS (
	input_tokens bigint,
	cache_read_tokens bigint,
	cache_write_5m_tokens bigint,
	cache_write_1h_tokens bigint,
	output_tokens bigint,
	reasoning_tokens bigint,
	input_audio_tokens bigint,
	output_audio_tokens bigint,
	input_image_tokens bigint,
	output_image_tokens bigint,
	requests bigint,
	characters bigint,
	images bigint,
	seconds numeric,
	output_characters bigint,
	web_searches bigint
);

ALTER TYPE budget.token_usage OWNER TO budget_owner;

-- Name: ledger_item; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.ledger_item AS (
	n integer,
	verb text,
	id uuid,
	is_fresh boolean,
	key_hash bytea,
	body_hash bytea,
	key_id uuid,
	context_id text,
	task_id text,
	hold_id uuid,
	occurred_at timestamp with time zone,
	received_at timestamp with time zone,
	usage budget.token_usage,
	kind text,
	priority smallint,
	is_final boolean,
	ttl_seconds integer,
	reported_cost numeric,
	operation_id text,
	request_id text,
	user_id text,
	metadata jsonb,
	flags text[],
	error_code text,
	shape integer,
	budget_id uuid,
	allow_free boolean,
	shape_id integer,
	revisions integer[],
	scope_key text,
	pricing_id uuid,
	pricing_version integer,
	total_tokens bigint,
	input_cost numeric,
	output_cost numeric,
	cost numeric,
	ceiling_cost numeric,
	hold_tokens bigint,
	hold_cost numeric,
	estimated_cost numeric,
	is_priced boolean,
	tokens_fit_provider text,
	tokens_fit_model text,
	ends_by timestamp with time zone,
	service_tier text,
	raw jsonb
);

ALTER TYPE budget.ledger_item OWNER TO budget_owner;

-- Name: ledger_outcome; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.ledger_outcome AS (
	n integer,
	status integer,
	code text,
	pointer text,
	detail text,
	is_replay boolean,
	entity_id uuid,
	charged_at timestamp with time zone,
	consumed_tokens bigint,
	consumed_cost numeric,
	cause text,
	flags text[],
	released_tokens bigint,
	released_cost numeric,
	extra text,
	hold_at integer
);

ALTER TYPE budget.ledger_outcome OWNER TO budget_owner;

-- Name: ledger_posting; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.ledger_posting AS (
	revision integer,
	scope text,
	period_start timestamp with time zone,
	is_current boolean,
	cost numeric,
	ceiling numeric,
	tokens bigint,
	records bigint
);

ALTER TYPE budget.ledger_posting OWNER TO budget_owner;

-- Name: ledger_result; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.ledger_result AS (
	n integer,
	status integer,
	code text,
	pointer text,
	detail text,
	is_replay boolean,
	id uuid,
	body text
);

ALTER TYPE budget.ledger_result OWNER TO budget_owner;

-- Name: price; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.price (
    tenant_id uuid NOT NULL,
    pricing_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    service_tier text DEFAULT 'standard'::text NOT NULL,
    price_type text DEFAULT 'token'::text NOT NULL,
    currency text DEFAULT 'USD'::text NOT NULL,
    input_cost_per_token numeric,
    output_cost_per_token numeric,
    cache_read_cost_per_token numeric,
    cache_write_5m_cost_per_token numeric,
    cache_write_1h_cost_per_token numeric,
    reasoning_cost_per_token numeric,
    input_audio_cost_per_token numeric,
    output_audio_cost_per_token numeric,
    input_image_cost_per_token numeric,
    output_image_cost_per_token numeric,
    input_cost_per_char numeric,
    output_cost_per_char numeric,
    cost_per_image numeric,
    cost_per_second numeric,
    fixed_cost_per_request numeric,
    web_search_cost_per_request numeric,
    context_rates budget.context_rate[],
    version integer DEFAULT 1 NOT NULL,
    source text NOT NULL,
    source_url text,
    verified boolean DEFAULT false NOT NULL,
    approved_by text,
    effective_date timestamp with time zone NOT NULL,
    end_date timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT price_check CHECK ((end_date > effective_date)),
    CONSTRAINT price_check1 CHECK ((LEAST(input_cost_per_token, output_cost_per_token, cache_read_cost_per_token, cache_write_5m_cost_per_token, cache_write_1h_cost_per_token, reasoning_cost_per_token, input_audio_cost_per_token, output_audio_cost_per_token, input_image_cost_per_token, output_image_cost_per_token, input_cost_per_char, output_cost_per_char, cost_per_image, cost_per_second, fixed_cost_per_request, web_search_cost_per_request) >= (0)::numeric)),
    CONSTRAINT price_context_rates_check CHECK (((cardinality(context_rates) >= 1) AND (cardinality(context_rates) <= 8))),
    CONSTRAINT price_model_check CHECK ((model = lower(model))),
    CONSTRAINT price_price_type_check CHECK ((price_type = ANY (ARRAY['token'::text, 'character'::text, 'image'::text, 'time'::text, 'fixed'::text, 'free'::text]))),
    CONSTRAINT price_provider_check CHECK ((provider = lower(provider)))
);

ALTER TABLE ONLY budget.price FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.price OWNER TO budget_owner;

-- Name: TABLE price; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON TABLE budget.price IS 'Append mostly: a new price closes the former row (end_date) in the same transaction, so effective ranges never overlap.';

-- Name: ledger_shape; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.ledger_shape AS (
	s integer,
	error_code text,
	is_planned boolean,
	key_budget_id uuid,
	budget_id uuid,
	time_zone text,
	allow_free boolean,
	hold_basis text,
	provider text,
	model text,
	tier_sent text,
	component text,
	task_type text,
	service_tier text,
	hold_id uuid,
	shape_id integer,
	revisions integer[],
	is_scoped boolean,
	price_provider text,
	price_model text,
	price budget.price,
	ceiling_rate numeric,
	fragment text,
	slices uuid[],
	ends_by timestamp with time zone
);

ALTER TYPE budget.ledger_shape OWNER TO budget_owner;

-- Name: ledger_slot; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.ledger_slot AS (
	revision integer,
	scope text,
	policy_id uuid,
	type text,
	period text,
	window_seconds integer,
	time_zone text,
	week_start smallint,
	month_reset_day smallint,
	is_active boolean,
	cost_limit numeric,
	token_limit bigint,
	warning_threshold numeric,
	action_threshold numeric,
	period_start timestamp with time zone,
	period_end timestamp with time zone,
	held_cost numeric,
	held_tokens bigint,
	spent_cost numeric,
	spent_tokens bigint,
	expired_cost numeric,
	expired_tokens bigint,
	approved_cost numeric,
	approved_tokens bigint,
	slack_known boolean,
	window_floor timestamp with time zone,
	window_cost numeric,
	window_tokens bigint,
	owner_id uuid
);

ALTER TYPE budget.ledger_slot OWNER TO budget_owner;

-- Name: ledger_verdict; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.ledger_verdict AS (
	decision text,
	slot integer,
	unit text
);

ALTER TYPE budget.ledger_verdict OWNER TO budget_owner;

-- Name: ledger_view; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.ledger_view AS (
	scope_key text,
	slots budget.ledger_slot[],
	room_cost numeric,
	room_tokens bigint,
	calm_cost numeric,
	calm_tokens bigint,
	tightest integer,
	fit bigint,
	prefix text,
	policies text
);

ALTER TYPE budget.ledger_view OWNER TO budget_owner;

-- Name: over_entry; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.over_entry AS (
	at timestamp with time zone,
	cause text,
	cost numeric,
	tokens bigint
);

ALTER TYPE budget.over_entry OWNER TO budget_owner;

-- Name: price_rules; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.price_rules AS (
	tolerance numeric,
	agreement numeric,
	bar numeric,
	outlier numeric,
	notice numeric,
	max_age interval
);

ALTER TYPE budget.price_rules OWNER TO budget_owner;

-- Name: price_verdict; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.price_verdict AS (
	action text,
	kind text,
	reason text,
	winner integer,
	rates jsonb,
	agreed boolean,
	percent numeric,
	sources text[]
);

ALTER TYPE budget.price_verdict OWNER TO budget_owner;

-- Name: price_voice; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.price_voice AS (
	source text,
	trust numeric,
	is_witness boolean,
	rates jsonb,
	price_type text,
	effective_date timestamp with time zone,
	end_date timestamp with time zone,
	fx jsonb,
	about jsonb,
	named text,
	fetched_at timestamp with time zone
);

ALTER TYPE budget.price_voice OWNER TO budget_owner;

-- Name: reply; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.reply AS (
	status integer,
	body json,
	etag text
);

ALTER TYPE budget.reply OWNER TO budget_owner;

-- Name: reprice_item; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.reprice_item AS (
	record_id uuid,
	charged_at timestamp with time zone,
	shape_id integer,
	context_id text,
	task_id text,
	revisions integer[],
	was_priced boolean,
	old_cost numeric,
	pricing_id uuid,
	delta_cost numeric,
	delta_ceiling numeric
);

ALTER TYPE budget.reprice_item OWNER TO budget_owner;

-- Name: reprice_posting; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.reprice_posting AS (
	revision integer,
	scope text,
	period_start timestamp with time zone,
	is_current boolean,
	cost numeric,
	ceiling numeric,
	opening_cost numeric,
	opening_ceiling numeric
);

ALTER TYPE budget.reprice_posting OWNER TO budget_owner;

-- Name: reprice_stretch; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.reprice_stretch AS (
	items budget.reprice_item[],
	examined bigint,
	unpriced bigint,
	after_at timestamp with time zone,
	after_id uuid,
	is_last boolean,
	unpriced_from timestamp with time zone
);

ALTER TYPE budget.reprice_stretch OWNER TO budget_owner;

-- Name: traffic; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.traffic AS (
	provider text,
	model text,
	service_tier text,
	input_above bigint,
	usage budget.token_usage,
	records bigint,
	recorded_cost numeric,
	unpriced bigint,
	longest bigint,
	longest_answer bigint
);

ALTER TYPE budget.traffic OWNER TO budget_owner;

-- Name: usage_sum; Type: TYPE; Schema: budget; Owner: budget_owner

CREATE TYPE budget.usage_sum AS (
	shape_id integer,
	count bigint,
	input_tokens numeric,
	cache_read_tokens numeric,
	cache_write_5m_tokens numeric,
	cache_write_1h_tokens numeric,
	output_tokens numeric,
	reasoning_tokens numeric,
	input_audio_tokens numeric,
	output_audio_tokens numeric,
	input_image_tokens numeric,
	output_image_tokens numeric,
	total_tokens numeric,
	requests numeric,
	characters numeric,
	output_characters numeric,
	web_searches numeric,
	images numeric,
	seconds numeric,
	input_cost numeric,
	output_cost numeric,
	cost numeric,
	correction_count bigint,
	correction_cost numeric,
	unpriced_count bigint,
	unpriced_tokens numeric,
	ceiling_cost numeric,
	reported_count bigint,
	reported_cost numeric,
	cost_gap numeric
);

ALTER TYPE budget.usage_sum OWNER TO budget_owner;

-- Name: alert; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.alert (
    tenant_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    policy_id uuid,
    budget_id uuid,
    revision integer,
    scope_group text DEFAULT ''::text NOT NULL,
    period_start timestamp with time zone NOT NULL,
    period_end timestamp with time zone,
    level text NOT NULL,
    unit text NOT NULL,
    limit_version integer DEFAULT 0 NOT NULL,
    severity text NOT NULL,
    type text NOT NULL,
    message text NOT NULL,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    count bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    acknowledged_at timestamp with time zone,
    acknowledged_by text,
    CONSTRAINT alert_level_check CHECK ((level = ANY (ARRAY['warning'::text, 'action'::text, 'limit'::text, 'system'::text]))),
    CONSTRAINT alert_severity_check CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'error'::text]))),
    CONSTRAINT alert_unit_check CHECK ((unit = ANY (ARRAY['cost'::text, 'tokens'::text, 'none'::text])))
);

ALTER TABLE ONLY budget.alert FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.alert OWNER TO budget_owner;

-- Name: policy; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.policy (
    tenant_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    budget_id uuid NOT NULL,
    revision integer NOT NULL,
    type text NOT NULL,
    period text NOT NULL,
    window_seconds integer,
    tier text,
    provider text,
    model text,
    component text,
    task_type text,
    token_limit bigint,
    cost_limit numeric,
    warning_threshold numeric DEFAULT 0.8 NOT NULL,
    action_threshold numeric DEFAULT 0.95 NOT NULL,
    start_date timestamp with time zone,
    end_date timestamp with time zone,
    enabled boolean DEFAULT true NOT NULL,
    limit_version integer DEFAULT 1 NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    follows_level boolean DEFAULT false NOT NULL,
    slice_hold_id uuid,
    ends_at timestamp with time zone,
    CONSTRAINT policy_action_threshold_check CHECK (((action_threshold > (0)::numeric) AND (action_threshold <= (10)::numeric))),
    CONSTRAINT policy_check CHECK (((period = 'rolling'::text) = (window_seconds IS NOT NULL))),
    CONSTRAINT policy_check1 CHECK (((cost_limit IS NOT NULL) OR (token_limit IS NOT NULL))),
    CONSTRAINT policy_cost_limit_check CHECK (((cost_limit >= (0)::numeric) AND (cost_limit < '1000000000000'::numeric) AND (scale(cost_limit) <= 30))),
    CONSTRAINT policy_period_check CHECK ((period = ANY (ARRAY['hourly'::text, 'daily'::text, 'weekly'::text, 'monthly'::text, 'quarterly'::text, 'yearly'::text, 'lifetime'::text, 'per_session'::text, 'per_task'::text, 'rolling'::text]))),
    CONSTRAINT policy_token_limit_check CHECK (((token_limit >= 0) AND (token_limit <= '1000000000000000'::bigint))),
    CONSTRAINT policy_type_check CHECK ((type = ANY (ARRAY['ignore'::text, 'warn'::text, 'soft_limit'::text, 'hard_limit'::text]))),
    CONSTRAINT policy_warning_threshold_check CHECK (((warning_threshold > (0)::numeric) AND (warning_threshold <= (10)::numeric))),
    CONSTRAINT policy_window_seconds_check CHECK (((window_seconds >= 60) AND (window_seconds <= 31622400)))
);

ALTER TABLE ONLY budget.policy FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.policy OWNER TO budget_owner;

-- Name: model; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.model (
    tenant_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    display_name text,
    tier text,
    mode text DEFAULT 'chat'::text NOT NULL,
    context_tokens bigint,
    max_output_tokens bigint,
    capabilities text[] DEFAULT '{}'::text[] NOT NULL,
    is_local boolean DEFAULT false NOT NULL,
    CONSTRAINT model_context_tokens_check CHECK ((context_tokens > 0)),
    CONSTRAINT model_max_output_tokens_check CHECK ((max_output_tokens > 0)),
    CONSTRAINT model_model_check CHECK ((model = lower(model))),
    CONSTRAINT model_tier_check CHECK ((tier = ANY (ARRAY['local_lightweight'::text, 'local_midweight'::text, 'remote_heavyweight'::text])))
);

ALTER TABLE ONLY budget.model FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.model OWNER TO budget_owner;

-- Name: approval; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.approval (
    tenant_id uuid NOT NULL,
    approval_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    scope text DEFAULT ''::text NOT NULL,
    cost numeric,
    tokens bigint,
    reason text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    valid_from timestamp with time zone,
    valid_until timestamp with time zone,
    decided_by text,
    decided_at timestamp with time zone,
    note text,
    CONSTRAINT approval_check CHECK (((cost IS NOT NULL) OR (tokens IS NOT NULL))),
    CONSTRAINT approval_cost_check CHECK (((cost > (0)::numeric) AND (cost < '1000000000000'::numeric) AND (scale(cost) <= 30))),
    CONSTRAINT approval_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'granted'::text, 'denied'::text]))),
    CONSTRAINT approval_tokens_check CHECK (((tokens >= 1) AND (tokens <= '1000000000000'::bigint)))
);

ALTER TABLE ONLY budget.approval FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.approval OWNER TO budget_owner;

-- Name: budget; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.budget (
    tenant_id uuid NOT NULL,
    budget_id uuid NOT NULL,
    parent_id uuid,
    path uuid[] NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    owner text,
    is_active boolean DEFAULT true NOT NULL,
    currency text NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    week_start smallint DEFAULT 1 NOT NULL,
    month_reset_day smallint DEFAULT 1 NOT NULL,
    reach text DEFAULT 'all'::text NOT NULL,
    fail_mode text DEFAULT 'closed'::text NOT NULL,
    hold_basis text DEFAULT 'bound'::text NOT NULL,
    allow_free_models boolean DEFAULT true NOT NULL,
    slice_hold_id uuid,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT budget_check CHECK ((path[cardinality(path)] = budget_id)),
    CONSTRAINT budget_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT budget_fail_mode_check CHECK ((fail_mode = ANY (ARRAY['closed'::text, 'open'::text]))),
    CONSTRAINT budget_hold_basis_check CHECK ((hold_basis = ANY (ARRAY['bound'::text, 'estimate'::text]))),
    CONSTRAINT budget_month_reset_day_check CHECK (((month_reset_day >= 1) AND (month_reset_day <= 31))),
    CONSTRAINT budget_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT budget_path_check CHECK (((cardinality(path) >= 1) AND (cardinality(path) <= 8))),
    CONSTRAINT budget_reach_check CHECK ((reach = ANY (ARRAY['all'::text, 'named'::text]))),
    CONSTRAINT budget_week_start_check CHECK (((week_start >= 1) AND (week_start <= 7)))
);

ALTER TABLE ONLY budget.budget FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.budget OWNER TO budget_owner;

-- Name: audit_log; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.audit_log (
    tenant_id uuid NOT NULL,
    audit_id uuid NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    key_id uuid,
    request_id text,
    action text NOT NULL,
    entity text NOT NULL,
    entity_id text,
    before jsonb,
    after jsonb
);

ALTER TABLE ONLY budget.audit_log FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.audit_log OWNER TO budget_owner;

-- Name: TABLE audit_log; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON TABLE budget.audit_log IS 'Append only: a trigger refuses UPDATE and DELETE.';

-- Name: price_candidate; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.price_candidate (
    trial uuid DEFAULT '00000000-0000-0000-0000-000000000000'::uuid NOT NULL,
    source text NOT NULL,
    seller text NOT NULL,
    named text NOT NULL,
    service_tier text NOT NULL,
    effective_date timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    end_date timestamp with time zone,
    price_type text NOT NULL,
    rates jsonb NOT NULL,
    fx jsonb,
    about jsonb DEFAULT '{}'::jsonb NOT NULL,
    problem text,
    home_provider text,
    home_model text,
    rank smallint DEFAULT 0 NOT NULL,
    provider text,
    model text,
    run_id uuid NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE budget.price_candidate OWNER TO budget_owner;

-- Name: price_update; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.price_update (
    run_id uuid NOT NULL,
    dry_run boolean DEFAULT false NOT NULL,
    state text DEFAULT 'importing'::text NOT NULL,
    place text[],
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    sources jsonb DEFAULT '{}'::jsonb NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    finished_at timestamp with time zone,
    passes integer DEFAULT 0 NOT NULL,
    CONSTRAINT price_update_state_check CHECK ((state = ANY (ARRAY['importing'::text, 'deciding'::text, 'resolving'::text, 'weighing'::text, 'done'::text])))
);

ALTER TABLE budget.price_update OWNER TO budget_owner;

-- Name: hold; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.hold (
    tenant_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    kind text NOT NULL,
    state text DEFAULT 'live'::text NOT NULL,
    shape_id integer NOT NULL,
    budget_id uuid NOT NULL,
    context_id text,
    task_id text,
    priority smallint DEFAULT 5 NOT NULL,
    revisions integer[] NOT NULL,
    tokens bigint NOT NULL,
    cost numeric NOT NULL,
    estimated_cost numeric,
    left_tokens bigint NOT NULL,
    left_cost numeric NOT NULL,
    used_tokens bigint DEFAULT 0 NOT NULL,
    used_input_tokens bigint DEFAULT 0 NOT NULL,
    used_output_tokens bigint DEFAULT 0 NOT NULL,
    actual_cost numeric DEFAULT 0 NOT NULL,
    overage_tokens bigint DEFAULT 0 NOT NULL,
    overage_cost numeric DEFAULT 0 NOT NULL,
    is_priced boolean DEFAULT true NOT NULL,
    is_final boolean NOT NULL,
    pricing_id uuid,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone,
    key_id uuid,
    body_hash bytea NOT NULL,
    metadata jsonb,
    admitted_at timestamp with time zone,
    ends_by timestamp with time zone,
    CONSTRAINT hold_cost_check CHECK ((cost >= (0)::numeric)),
    CONSTRAINT hold_kind_check CHECK ((kind = ANY (ARRAY['check'::text, 'allocation'::text, 'slice'::text]))),
    CONSTRAINT hold_left_cost_check CHECK ((left_cost >= (0)::numeric)),
    CONSTRAINT hold_left_tokens_check CHECK ((left_tokens >= 0)),
    CONSTRAINT hold_priority_check CHECK (((priority >= 1) AND (priority <= 10))),
    CONSTRAINT hold_state_check CHECK ((state = ANY (ARRAY['live'::text, 'settled'::text, 'released'::text, 'expired'::text]))),
    CONSTRAINT hold_tokens_check CHECK ((tokens >= 0))
)
PARTITION BY RANGE (hold_id);

ALTER TABLE ONLY budget.hold FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.hold OWNER TO budget_owner;

-- Name: fx_rate; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.fx_rate (
    currency text NOT NULL,
    base text NOT NULL,
    day date NOT NULL,
    rate numeric NOT NULL,
    source text NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT fx_rate_check CHECK (((base ~ '^[A-Z]{3}$'::text) AND (base <> currency))),
    CONSTRAINT fx_rate_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT fx_rate_rate_check CHECK (((rate > (0)::numeric) AND (rate < 'Infinity'::numeric)))
);

ALTER TABLE budget.fx_rate OWNER TO budget_owner;

-- Name: shape; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.shape (
    tenant_id uuid NOT NULL,
    shape_id integer NOT NULL,
    budget_id uuid NOT NULL,
    provider text,
    model text,
    tier text,
    component text,
    task_type text
);

ALTER TABLE ONLY budget.shape FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.shape OWNER TO budget_owner;

-- Name: job; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.job (
    job text NOT NULL,
    about text NOT NULL,
    every_seconds integer,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT job_every_seconds_check CHECK ((every_seconds > 0)),
    CONSTRAINT job_job_check CHECK ((job ~ '^[a-z][a-z-]{1,40}$'::text))
);

ALTER TABLE budget.job OWNER TO budget_owner;

-- Name: TABLE job; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON TABLE budget.job IS 'What a job says about itself at each start. The schedule itself is etc/schedule.tsv.';

-- Name: api_key; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.api_key (
    tenant_id uuid NOT NULL,
    key_id uuid NOT NULL,
    public_id text NOT NULL,
    secret_hash bytea NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    budget_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT api_key_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT api_key_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'service'::text, 'manager'::text, 'admin'::text]))),
    CONSTRAINT api_key_secret_hash_check CHECK ((length(secret_hash) = 32))
);

ALTER TABLE ONLY budget.api_key FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.api_key OWNER TO budget_owner;

-- Name: policy_revision; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.policy_revision (
    tenant_id uuid NOT NULL,
    revision integer NOT NULL,
    policy_id uuid NOT NULL,
    budget_id uuid NOT NULL,
    path uuid[] NOT NULL,
    period text NOT NULL,
    window_seconds integer,
    tier text,
    provider text,
    model text,
    component text,
    task_type text,
    reach text NOT NULL,
    time_zone text NOT NULL,
    week_start smallint NOT NULL,
    month_reset_day smallint NOT NULL,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    closed_at timestamp with time zone
);

ALTER TABLE ONLY budget.policy_revision FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.policy_revision OWNER TO budget_owner;

-- Name: price_decision; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.price_decision (
    run_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    service_tier text NOT NULL,
    action text NOT NULL,
    reason text NOT NULL,
    old jsonb,
    new jsonb,
    percent numeric,
    sources text[] NOT NULL,
    pricing_id uuid,
    former_pricing_id uuid,
    conflict_id uuid
);

ALTER TABLE budget.price_decision OWNER TO budget_owner;

-- Name: price_conflict; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.price_conflict (
    conflict_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    service_tier text NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    current jsonb,
    candidates jsonb NOT NULL,
    fingerprint text NOT NULL,
    opened_run uuid,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    alerted_at timestamp with time zone,
    decided_at timestamp with time zone,
    decided_by text,
    decision text,
    note text,
    pricing_id uuid,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT price_conflict_kind_check CHECK ((kind = ANY (ARRAY['change'::text, 'disagreement'::text, 'outlier'::text, 'units'::text, 'untrusted'::text, 'approved'::text]))),
    CONSTRAINT price_conflict_state_check CHECK ((state = ANY (ARRAY['open'::text, 'approved'::text, 'rejected'::text, 'settled'::text])))
);

ALTER TABLE budget.price_conflict OWNER TO budget_owner;

-- Name: price_source; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.price_source (
    source text NOT NULL,
    source_id uuid DEFAULT gen_random_uuid() NOT NULL,
    display_name text NOT NULL,
    kind text NOT NULL,
    url text,
    interval_seconds integer NOT NULL,
    trust numeric NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    allow_private boolean DEFAULT false NOT NULL,
    max_bytes bigint DEFAULT 33554432 NOT NULL,
    timeout_seconds integer DEFAULT 30 NOT NULL,
    pinned text[] DEFAULT '{}'::text[] NOT NULL,
    etag text,
    last_modified text,
    feed_at timestamp with time zone,
    last_fetched_at timestamp with time zone,
    last_ok_at timestamp with time zone,
    last_outcome text,
    last_error text,
    failures integer DEFAULT 0 NOT NULL,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT price_source_interval_seconds_check CHECK (((interval_seconds >= 60) AND (interval_seconds <= 2678400))),
    CONSTRAINT price_source_last_outcome_check CHECK ((last_outcome = ANY (ARRAY['fetched'::text, 'not_modified'::text, 'failed'::text]))),
    CONSTRAINT price_source_max_bytes_check CHECK ((max_bytes > 0)),
    CONSTRAINT price_source_source_check CHECK ((source ~ '^[a-z][a-z0-9_.-]{0,62}$'::text)),
    CONSTRAINT price_source_timeout_seconds_check CHECK (((timeout_seconds >= 1) AND (timeout_seconds <= 600))),
    CONSTRAINT price_source_trust_check CHECK (((trust >= (0)::numeric) AND (trust <= (1)::numeric)))
);

ALTER TABLE budget.price_source OWNER TO budget_owner;

-- Name: verify_run; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE UNLOGGED TABLE budget.verify_run (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    snapshot pg_snapshot NOT NULL,
    started_at timestamp with time zone NOT NULL,
    touched_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    part text NOT NULL,
    after text,
    records bigint DEFAULT 0 NOT NULL,
    corrections bigint DEFAULT 0 NOT NULL,
    holds bigint DEFAULT 0 NOT NULL,
    request_keys bigint DEFAULT 0 NOT NULL,
    states bigint DEFAULT 0 NOT NULL,
    counters bigint DEFAULT 0 NOT NULL,
    differences bigint DEFAULT 0 NOT NULL,
    CONSTRAINT verify_run_part_check CHECK ((part = ANY (ARRAY['records'::text, 'corrections'::text, 'holds'::text, 'keys'::text, 'counters'::text, 'done'::text])))
);

ALTER TABLE ONLY budget.verify_run FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.verify_run OWNER TO budget_owner;

-- Name: price_run; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.price_run (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    kind text NOT NULL,
    undo_of uuid,
    reason text DEFAULT ''::text NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    state text DEFAULT 'done'::text NOT NULL,
    dry_run boolean DEFAULT false NOT NULL,
    filters jsonb DEFAULT '{}'::jsonb NOT NULL,
    starts timestamp with time zone,
    ends timestamp with time zone,
    after_at timestamp with time zone,
    after_id uuid,
    examined bigint DEFAULT 0 NOT NULL,
    unpriced bigint DEFAULT 0 NOT NULL,
    ended_at timestamp with time zone,
    unpriced_from timestamp with time zone,
    CONSTRAINT price_run_kind_check CHECK ((kind = ANY (ARRAY['reprice'::text, 'true_up'::text, 'undo'::text, 'recalculate'::text]))),
    CONSTRAINT price_run_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text, 'stopped'::text])))
);

ALTER TABLE ONLY budget.price_run FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.price_run OWNER TO budget_owner;

-- Name: COLUMN price_run.state; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON COLUMN budget.price_run.state IS 'running: a request or the job reprice goes on with it; stopped: an undo came first.';

-- Name: usage_record; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.usage_record (
    tenant_id uuid NOT NULL,
    record_id uuid NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    charged_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    shape_id integer NOT NULL,
    hold_id uuid,
    context_id text,
    task_id text,
    input_tokens bigint DEFAULT 0 NOT NULL,
    cache_read_tokens bigint DEFAULT 0 NOT NULL,
    cache_write_5m_tokens bigint DEFAULT 0 NOT NULL,
    cache_write_1h_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    reasoning_tokens bigint DEFAULT 0 NOT NULL,
    input_audio_tokens bigint DEFAULT 0 NOT NULL,
    output_audio_tokens bigint DEFAULT 0 NOT NULL,
    input_image_tokens bigint DEFAULT 0 NOT NULL,
    output_image_tokens bigint DEFAULT 0 NOT NULL,
    total_tokens bigint NOT NULL,
    requests bigint DEFAULT 1 NOT NULL,
    characters bigint DEFAULT 0 NOT NULL,
    images bigint DEFAULT 0 NOT NULL,
    seconds numeric DEFAULT 0 NOT NULL,
    output_characters bigint DEFAULT 0 NOT NULL,
    web_searches bigint DEFAULT 0 NOT NULL,
    pricing_id uuid,
    input_cost numeric,
    output_cost numeric,
    cost numeric,
    ceiling_cost numeric,
    reported_cost numeric,
    consumed_tokens bigint DEFAULT 0 NOT NULL,
    consumed_cost numeric DEFAULT 0 NOT NULL,
    cause text DEFAULT 'unheld'::text NOT NULL,
    revisions integer[] NOT NULL,
    flags text[],
    operation_id text,
    request_id text,
    user_id text,
    key_id uuid,
    body_hash bytea NOT NULL,
    metadata jsonb,
    raw jsonb,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    service_tier text,
    booked_at timestamp with time zone,
    CONSTRAINT usage_record_cause_check CHECK ((cause = ANY (ARRAY['held'::text, 'overage'::text, 'unheld'::text, 'late'::text, 'hold_unknown'::text, 'degraded'::text, 'import'::text])))
)
PARTITION BY RANGE (record_id);

ALTER TABLE ONLY budget.usage_record FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.usage_record OWNER TO budget_owner;

-- Name: COLUMN usage_record.booked_at; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON COLUMN budget.usage_record.booked_at IS 'The instant t of the group that booked it: groups of one policy follow each other by it. NULL: older than this column.';

-- Name: tenant; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.tenant (
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    currency text DEFAULT 'USD'::text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    default_budget_id uuid,
    policy_epoch bigint DEFAULT 1 NOT NULL,
    price_epoch bigint DEFAULT 1 NOT NULL,
    revision_next integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    trued_up_epoch bigint DEFAULT 0 NOT NULL,
    trued_up_at timestamp with time zone,
    trued_up_from timestamp with time zone,
    CONSTRAINT tenant_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT tenant_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE ONLY budget.tenant FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.tenant OWNER TO budget_owner;

-- Name: TABLE tenant; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON TABLE budget.tenant IS 'An organisation. The all-zero tenant owns the shared price catalogue and nothing else.';

-- Name: correction; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.correction (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    record_id uuid NOT NULL,
    delta_cost numeric NOT NULL,
    delta_ceiling numeric NOT NULL,
    pricing_id uuid,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL
);

ALTER TABLE ONLY budget.correction FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.correction OWNER TO budget_owner;

-- Name: counter; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.counter (
    tenant_id uuid NOT NULL,
    revision integer NOT NULL,
    scope text DEFAULT ''::text NOT NULL,
    period_start timestamp with time zone NOT NULL,
    spent_cost numeric DEFAULT 0 NOT NULL,
    spent_tokens bigint DEFAULT 0 NOT NULL,
    ceiling_cost numeric DEFAULT 0 NOT NULL,
    opening_cost numeric DEFAULT 0 NOT NULL,
    opening_tokens bigint DEFAULT 0 NOT NULL,
    opening_ceiling numeric DEFAULT 0 NOT NULL,
    records bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');

ALTER TABLE ONLY budget.counter FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.counter OWNER TO budget_owner;

-- Name: denial; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.denial (
    tenant_id uuid NOT NULL,
    revision integer NOT NULL,
    hour timestamp with time zone NOT NULL,
    count bigint DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY budget.denial FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.denial OWNER TO budget_owner;

-- Name: hold_extension; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.hold_extension (
    tenant_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    expires_before timestamp with time zone NOT NULL,
    expires_after timestamp with time zone NOT NULL,
    was_live boolean NOT NULL,
    added_tokens bigint NOT NULL,
    added_cost numeric NOT NULL,
    revisions integer[] NOT NULL
);

ALTER TABLE ONLY budget.hold_extension FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.hold_extension OWNER TO budget_owner;

-- Name: TABLE hold_extension; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON TABLE budget.hold_extension IS 'Append only: what extensions did to holds, so that the log can be replayed.';

-- Name: job_run; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.job_run (
    run_id uuid NOT NULL,
    job text NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    status text DEFAULT 'running'::text NOT NULL,
    dry_run boolean DEFAULT false NOT NULL,
    rows bigint DEFAULT 0 NOT NULL,
    detail text,
    options jsonb,
    requested_by text,
    CONSTRAINT job_run_rows_check CHECK ((rows >= 0)),
    CONSTRAINT job_run_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'ok'::text, 'failed'::text, 'skipped'::text])))
);

ALTER TABLE budget.job_run OWNER TO budget_owner;

-- Name: migration; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.migration (
    version text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

ALTER TABLE budget.migration OWNER TO budget_owner;

-- Name: TABLE migration; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON TABLE budget.migration IS 'Applied files of sql/migrations; a changed file that stands here stops the next deploy.';

-- Name: model_alias; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.model_alias (
    tenant_id uuid NOT NULL,
    provider text NOT NULL,
    alias text NOT NULL,
    price_provider text NOT NULL,
    model text NOT NULL,
    CONSTRAINT model_alias_alias_check CHECK (((alias = lower(alias)) AND (alias <> ''::text)))
);

ALTER TABLE ONLY budget.model_alias FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.model_alias OWNER TO budget_owner;

-- Name: outbox; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.outbox (
    tenant_id uuid NOT NULL,
    outbox_id uuid NOT NULL,
    alert_id uuid,
    channel_id uuid,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    state text DEFAULT 'due'::text NOT NULL,
    next_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['due'::text, 'sent'::text, 'dead'::text])))
);

ALTER TABLE ONLY budget.outbox FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.outbox OWNER TO budget_owner;

-- Name: policy_limit; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.policy_limit (
    tenant_id uuid NOT NULL,
    policy_id uuid NOT NULL,
    since timestamp with time zone NOT NULL,
    type text NOT NULL,
    cost_limit numeric,
    token_limit bigint
);

ALTER TABLE ONLY budget.policy_limit FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.policy_limit OWNER TO budget_owner;

-- Name: policy_state; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.policy_state (
    tenant_id uuid NOT NULL,
    revision integer NOT NULL,
    scope text DEFAULT ''::text NOT NULL,
    held_cost numeric DEFAULT 0 NOT NULL,
    held_tokens bigint DEFAULT 0 NOT NULL,
    window_floor timestamp with time zone,
    window_cost numeric DEFAULT 0 NOT NULL,
    window_tokens bigint DEFAULT 0 NOT NULL,
    last_t timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    touched_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT policy_state_held_cost_check CHECK ((held_cost >= (0)::numeric)),
    CONSTRAINT policy_state_held_tokens_check CHECK ((held_tokens >= 0))
)
WITH (fillfactor='20', autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');

ALTER TABLE ONLY budget.policy_state FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.policy_state OWNER TO budget_owner;

-- Name: TABLE policy_state; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON TABLE budget.policy_state IS 'The mutex of a policy and the home of what is held. A live hold counts in every period it lives in.';

-- Name: price_effect; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.price_effect (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    service_tier text NOT NULL,
    requests bigint NOT NULL,
    spent numeric NOT NULL,
    would_be numeric NOT NULL
);

ALTER TABLE ONLY budget.price_effect FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.price_effect OWNER TO budget_owner;

-- Name: price_offer; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.price_offer (
    tenant_id uuid NOT NULL,
    tier text NOT NULL,
    mode text NOT NULL,
    place integer NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    pricing_id uuid NOT NULL,
    input_cost numeric NOT NULL,
    output_cost numeric NOT NULL,
    input_bound numeric NOT NULL,
    output_bound numeric NOT NULL,
    request_cost numeric NOT NULL,
    above bigint,
    context_tokens bigint,
    is_local boolean NOT NULL,
    until timestamp with time zone NOT NULL,
    max_output_tokens bigint
);

ALTER TABLE ONLY budget.price_offer FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.price_offer OWNER TO budget_owner;

-- Name: price_run_line; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.price_run_line (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    budget_id uuid NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    records bigint NOT NULL,
    newly_priced bigint NOT NULL,
    old_cost numeric NOT NULL,
    delta_cost numeric NOT NULL,
    delta_ceiling numeric NOT NULL
);

ALTER TABLE ONLY budget.price_run_line FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.price_run_line OWNER TO budget_owner;

-- Name: provider_name; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.provider_name (
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    provider text NOT NULL,
    kind text NOT NULL,
    CONSTRAINT provider_name_kind_check CHECK ((kind = ANY (ARRAY['maker'::text, 'host'::text, 'reseller'::text, 'local'::text]))),
    CONSTRAINT provider_name_name_check CHECK (((name = lower(name)) AND (name <> ''::text))),
    CONSTRAINT provider_name_provider_check CHECK (((provider = lower(provider)) AND (provider <> ''::text)))
);

ALTER TABLE ONLY budget.provider_name FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.provider_name OWNER TO budget_owner;

-- Name: COLUMN provider_name.kind; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON COLUMN budget.provider_name.kind IS 'maker: sells its own models; host: serves models of others at prices of its own; reseller: at the maker''s price; local: free.';

-- Name: request_key; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.request_key (
    tenant_id uuid NOT NULL,
    verb text NOT NULL,
    key_hash bytea NOT NULL,
    body_hash bytea NOT NULL,
    entity_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT request_key_key_hash_check CHECK ((length(key_hash) = 16))
)
WITH (autovacuum_vacuum_scale_factor='0.02');

ALTER TABLE ONLY budget.request_key FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.request_key OWNER TO budget_owner;

-- Name: setting; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.setting (
    name text NOT NULL,
    value text NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_by text NOT NULL
);

ALTER TABLE budget.setting OWNER TO budget_owner;

-- Name: TABLE setting; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON TABLE budget.setting IS 'Lowest layer but the default: PUT /settings and budget config set.';

-- Name: setting_effective; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.setting_effective (
    name text NOT NULL,
    value text,
    source text NOT NULL,
    published_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT setting_effective_source_check CHECK ((source = ANY (ARRAY['environment'::text, '.env.budget'::text, 'config.yaml'::text, 'database'::text, 'default'::text])))
);

ALTER TABLE budget.setting_effective OWNER TO budget_owner;

-- Name: TABLE setting_effective; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON TABLE budget.setting_effective IS 'The value in force of every setting that is no secret: written by each start, budget db migrate and PUT /settings; read by budget.setting_value().';

-- Name: setting_seed; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.setting_seed (
    name text NOT NULL,
    value text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE budget.setting_seed OWNER TO budget_owner;

-- Name: TABLE setting_seed; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON TABLE budget.setting_seed IS 'Limit values of files as last applied: a changed file value is applied once, an unchanged one never again.';

-- Name: shape_plan; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.shape_plan (
    tenant_id uuid NOT NULL,
    attrs_hash uuid NOT NULL,
    policy_epoch bigint NOT NULL,
    price_epoch bigint NOT NULL,
    shape_id integer NOT NULL,
    tier text NOT NULL,
    revisions integer[] NOT NULL,
    is_scoped boolean NOT NULL,
    price_provider text,
    price_model text,
    held integer[],
    slices uuid[]
);

ALTER TABLE ONLY budget.shape_plan FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.shape_plan OWNER TO budget_owner;

-- Name: slice_use; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.slice_use (
    tenant_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    record_id uuid NOT NULL,
    cost numeric NOT NULL,
    tokens bigint NOT NULL
);

ALTER TABLE ONLY budget.slice_use FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.slice_use OWNER TO budget_owner;

-- Name: tier_rule; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE TABLE budget.tier_rule (
    provider text DEFAULT ''::text NOT NULL,
    model text DEFAULT ''::text NOT NULL,
    tier text NOT NULL,
    CONSTRAINT tier_rule_model_check CHECK ((model = lower(model))),
    CONSTRAINT tier_rule_tier_check CHECK ((tier = ANY (ARRAY['local_lightweight'::text, 'local_midweight'::text, 'remote_heavyweight'::text])))
);

ALTER TABLE budget.tier_rule OWNER TO budget_owner;

-- Name: verify_difference; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE UNLOGGED TABLE budget.verify_difference (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    n bigint NOT NULL,
    kind text NOT NULL,
    field text NOT NULL,
    revision integer,
    scope text,
    period_start timestamp with time zone,
    entity_id text,
    stored numeric,
    proven numeric,
    detail text NOT NULL,
    repaired_at timestamp with time zone,
    CONSTRAINT verify_difference_kind_check CHECK ((kind = ANY (ARRAY['counter'::text, 'held'::text, 'window'::text, 'hold'::text, 'record'::text, 'correction'::text, 'key'::text])))
);

ALTER TABLE ONLY budget.verify_difference FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.verify_difference OWNER TO budget_owner;

-- Name: verify_hold; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE UNLOGGED TABLE budget.verify_hold (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    hold_id uuid NOT NULL,
    tokens numeric NOT NULL,
    output_tokens numeric NOT NULL,
    cost numeric NOT NULL,
    consumed_tokens numeric NOT NULL,
    consumed_cost numeric NOT NULL
)
WITH (fillfactor='70');

ALTER TABLE ONLY budget.verify_hold FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.verify_hold OWNER TO budget_owner;

-- Name: verify_sum; Type: TABLE; Schema: budget; Owner: budget_owner

CREATE UNLOGGED TABLE budget.verify_sum (
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    revision integer NOT NULL,
    scope text NOT NULL,
    period_start timestamp with time zone NOT NULL,
    stored_cost numeric DEFAULT 0 NOT NULL,
    stored_tokens bigint DEFAULT 0 NOT NULL,
    stored_ceiling numeric DEFAULT 0 NOT NULL,
    stored_records bigint DEFAULT 0 NOT NULL,
    cost numeric DEFAULT 0 NOT NULL,
    tokens numeric DEFAULT 0 NOT NULL,
    ceiling numeric DEFAULT 0 NOT NULL,
    records bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='70');

ALTER TABLE ONLY budget.verify_sum FORCE ROW LEVEL SECURITY;

ALTER TABLE budget.verify_sum OWNER TO budget_owner;

-- Name: alert alert_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (tenant_id, alert_id);

-- Name: api_key api_key_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (tenant_id, key_id);

-- Name: api_key api_key_public_id_key; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.api_key
    ADD CONSTRAINT api_key_public_id_key UNIQUE (public_id);

-- Name: approval approval_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.approval
    ADD CONSTRAINT approval_pkey PRIMARY KEY (tenant_id, approval_id);

-- Name: audit_log audit_log_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (tenant_id, audit_id);

-- Name: budget budget_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.budget
    ADD CONSTRAINT budget_pkey PRIMARY KEY (tenant_id, budget_id);

-- Name: correction correction_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.correction
    ADD CONSTRAINT correction_pkey PRIMARY KEY (tenant_id, run_id, record_id);

-- Name: counter counter_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.counter
    ADD CONSTRAINT counter_pkey PRIMARY KEY (tenant_id, revision, scope, period_start);

-- Name: denial denial_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.denial
    ADD CONSTRAINT denial_pkey PRIMARY KEY (tenant_id, revision, hour);

-- Name: fx_rate fx_rate_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.fx_rate
    ADD CONSTRAINT fx_rate_pkey PRIMARY KEY (currency, base, day);

-- Name: hold_extension hold_extension_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.hold_extension
    ADD CONSTRAINT hold_extension_pkey PRIMARY KEY (tenant_id, hold_id, at);

-- Name: hold hold_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.hold
    ADD CONSTRAINT hold_pkey PRIMARY KEY (tenant_id, hold_id);

-- Name: job job_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.job
    ADD CONSTRAINT job_pkey PRIMARY KEY (job);

-- Name: job_run job_run_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.job_run
    ADD CONSTRAINT job_run_pkey PRIMARY KEY (run_id);

-- Name: migration migration_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (version);

-- Name: model_alias model_alias_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.model_alias
    ADD CONSTRAINT model_alias_pkey PRIMARY KEY (tenant_id, provider, alias);

-- Name: model model_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.model
    ADD CONSTRAINT model_pkey PRIMARY KEY (tenant_id, provider, model);

-- Name: outbox outbox_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (tenant_id, outbox_id);

-- Name: policy_limit policy_limit_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.policy_limit
    ADD CONSTRAINT policy_limit_pkey PRIMARY KEY (tenant_id, policy_id, since);

-- Name: policy policy_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.policy
    ADD CONSTRAINT policy_pkey PRIMARY KEY (tenant_id, policy_id);

-- Name: policy_revision policy_revision_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.policy_revision
    ADD CONSTRAINT policy_revision_pkey PRIMARY KEY (tenant_id, revision);

-- Name: policy_state policy_state_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.policy_state
    ADD CONSTRAINT policy_state_pkey PRIMARY KEY (tenant_id, revision, scope);

-- Name: policy policy_tenant_id_revision_key; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.policy
    ADD CONSTRAINT policy_tenant_id_revision_key UNIQUE (tenant_id, revision);

-- Name: price_candidate price_candidate_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price_candidate
    ADD CONSTRAINT price_candidate_pkey PRIMARY KEY (trial, source, seller, named, service_tier, effective_date);

-- Name: price_conflict price_conflict_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price_conflict
    ADD CONSTRAINT price_conflict_pkey PRIMARY KEY (conflict_id);

-- Name: price_decision price_decision_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price_decision
    ADD CONSTRAINT price_decision_pkey PRIMARY KEY (run_id, provider, model, service_tier);

-- Name: price_effect price_effect_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price_effect
    ADD CONSTRAINT price_effect_pkey PRIMARY KEY (tenant_id, run_id, provider, model, service_tier);

-- Name: price price_no_overlap; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price
    ADD CONSTRAINT price_no_overlap EXCLUDE USING gist (int8range((hashtextextended((((((((tenant_id)::text || chr(31)) || provider) || chr(31)) || model) || chr(31)) || service_tier), (0)::bigint) >> 1), (hashtextextended((((((((tenant_id)::text || chr(31)) || provider) || chr(31)) || model) || chr(31)) || service_tier), (0)::bigint) >> 1), '[]'::text) WITH &&, tstzrange(effective_date, end_date) WITH &&);

-- Name: price_offer price_offer_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price_offer
    ADD CONSTRAINT price_offer_pkey PRIMARY KEY (tenant_id, tier, mode, place);

-- Name: price price_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price
    ADD CONSTRAINT price_pkey PRIMARY KEY (tenant_id, pricing_id);

-- Name: price_run_line price_run_line_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price_run_line
    ADD CONSTRAINT price_run_line_pkey PRIMARY KEY (tenant_id, run_id, budget_id, provider, model);

-- Name: price_run price_run_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price_run
    ADD CONSTRAINT price_run_pkey PRIMARY KEY (tenant_id, run_id);

-- Name: price_source price_source_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price_source
    ADD CONSTRAINT price_source_pkey PRIMARY KEY (source);

-- Name: price_source price_source_source_id_key; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price_source
    ADD CONSTRAINT price_source_source_id_key UNIQUE (source_id);

-- Name: price price_tenant_id_provider_model_service_tier_effective_date_key; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price
    ADD CONSTRAINT price_tenant_id_provider_model_service_tier_effective_date_key UNIQUE (tenant_id, provider, model, service_tier, effective_date);

-- Name: price_update price_update_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price_update
    ADD CONSTRAINT price_update_pkey PRIMARY KEY (run_id);

-- Name: provider_name provider_name_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.provider_name
    ADD CONSTRAINT provider_name_pkey PRIMARY KEY (tenant_id, name);

-- Name: request_key request_key_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.request_key
    ADD CONSTRAINT request_key_pkey PRIMARY KEY (tenant_id, verb, key_hash);

-- Name: setting_effective setting_effective_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.setting_effective
    ADD CONSTRAINT setting_effective_pkey PRIMARY KEY (name);

-- Name: setting setting_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.setting
    ADD CONSTRAINT setting_pkey PRIMARY KEY (name);

-- Name: setting_seed setting_seed_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.setting_seed
    ADD CONSTRAINT setting_seed_pkey PRIMARY KEY (name);

-- Name: shape shape_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.shape
    ADD CONSTRAINT shape_pkey PRIMARY KEY (tenant_id, shape_id);

-- Name: shape_plan shape_plan_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.shape_plan
    ADD CONSTRAINT shape_plan_pkey PRIMARY KEY (tenant_id, attrs_hash);

-- Name: slice_use slice_use_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.slice_use
    ADD CONSTRAINT slice_use_pkey PRIMARY KEY (tenant_id, hold_id, record_id);

-- Name: tenant tenant_name_key; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.tenant
    ADD CONSTRAINT tenant_name_key UNIQUE (name);

-- Name: tenant tenant_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.tenant
    ADD CONSTRAINT tenant_pkey PRIMARY KEY (tenant_id);

-- Name: tier_rule tier_rule_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.tier_rule
    ADD CONSTRAINT tier_rule_pkey PRIMARY KEY (provider, model);

-- Name: usage_record usage_record_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.usage_record
    ADD CONSTRAINT usage_record_pkey PRIMARY KEY (tenant_id, record_id);

-- Name: verify_difference verify_difference_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.verify_difference
    ADD CONSTRAINT verify_difference_pkey PRIMARY KEY (tenant_id, run_id, n);

-- Name: verify_hold verify_hold_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.verify_hold
    ADD CONSTRAINT verify_hold_pkey PRIMARY KEY (tenant_id, run_id, hold_id);

-- Name: verify_run verify_run_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.verify_run
    ADD CONSTRAINT verify_run_pkey PRIMARY KEY (tenant_id, run_id);

-- Name: verify_sum verify_sum_pkey; Type: CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.verify_sum
    ADD CONSTRAINT verify_sum_pkey PRIMARY KEY (tenant_id, run_id, revision, scope, period_start);

-- Name: alert_once; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE UNIQUE INDEX alert_once ON budget.alert USING btree (tenant_id, policy_id, scope_group, period_start, level, unit, limit_version) NULLS NOT DISTINCT;

-- Name: alert_open; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX alert_open ON budget.alert USING btree (tenant_id, alert_id DESC) WHERE (acknowledged_at IS NULL);

-- Name: approval_granted; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX approval_granted ON budget.approval USING btree (tenant_id, policy_id) WHERE (state = 'granted'::text);

-- Name: approval_open; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE UNIQUE INDEX approval_open ON budget.approval USING btree (tenant_id, policy_id, scope, requested_by) WHERE (state = 'pending'::text);

-- Name: audit_log_entity; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX audit_log_entity ON budget.audit_log USING btree (tenant_id, entity, entity_id, audit_id);

-- Name: budget_fail_open; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX budget_fail_open ON budget.budget USING btree (tenant_id, budget_id) WHERE ((fail_mode = 'open'::text) AND is_active);

-- Name: budget_parent; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX budget_parent ON budget.budget USING btree (tenant_id, parent_id);

-- Name: budget_path; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX budget_path ON budget.budget USING gin (path);

-- Name: correction_record; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX correction_record ON budget.correction USING btree (tenant_id, record_id);

-- Name: hold_context; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX hold_context ON ONLY budget.hold USING btree (tenant_id, context_id, hold_id) WHERE (state = 'live'::text);

-- Name: hold_expiry; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX hold_expiry ON ONLY budget.hold USING btree (tenant_id, expires_at) WHERE (state = 'live'::text);

-- Name: job_run_job; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX job_run_job ON budget.job_run USING btree (job, run_id DESC);

-- Name: job_run_queued; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX job_run_queued ON budget.job_run USING btree (run_id) WHERE (status = 'queued'::text);

-- Name: model_alias_by_name; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX model_alias_by_name ON budget.model_alias USING btree (tenant_id, alias);

-- Name: model_by_name; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX model_by_name ON budget.model USING btree (tenant_id, model);

-- Name: outbox_due; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX outbox_due ON budget.outbox USING btree (next_at) WHERE (state = 'due'::text);

-- Name: outbox_once; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE UNIQUE INDEX outbox_once ON budget.outbox USING btree (tenant_id, alert_id, channel_id, kind) NULLS NOT DISTINCT;

-- Name: policy_revision_policy; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX policy_revision_policy ON budget.policy_revision USING btree (tenant_id, policy_id, revision);

-- Name: policy_twin; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE UNIQUE INDEX policy_twin ON budget.policy USING btree (tenant_id, budget_id, type, period, window_seconds, tier, provider, model, component, task_type) NULLS NOT DISTINCT WHERE enabled;

-- Name: price_by_model; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX price_by_model ON budget.price USING btree (tenant_id, model);

-- Name: price_candidate_model; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX price_candidate_model ON budget.price_candidate USING btree (provider, model, service_tier);

-- Name: price_conflict_model; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX price_conflict_model ON budget.price_conflict USING btree (provider, model, service_tier, conflict_id DESC);

-- Name: price_conflict_open; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE UNIQUE INDEX price_conflict_open ON budget.price_conflict USING btree (provider, model, service_tier) WHERE (state = 'open'::text);

-- Name: price_run_running; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE UNIQUE INDEX price_run_running ON budget.price_run USING btree (tenant_id) WHERE ((state = 'running'::text) AND (NOT dry_run));

-- Name: price_run_undo; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE UNIQUE INDEX price_run_undo ON budget.price_run USING btree (tenant_id, undo_of) WHERE (undo_of IS NOT NULL);

-- Name: request_key_age; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX request_key_age ON budget.request_key USING brin (created_at);

-- Name: shape_tuple; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE UNIQUE INDEX shape_tuple ON budget.shape USING btree (tenant_id, budget_id, model, provider, component, task_type, tier) NULLS NOT DISTINCT;

-- Name: usage_record_charged; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX usage_record_charged ON ONLY budget.usage_record USING btree (tenant_id, charged_at, record_id);

-- Name: usage_record_unpriced; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX usage_record_unpriced ON ONLY budget.usage_record USING btree (tenant_id, charged_at, record_id) WHERE (cost IS NULL);

-- Name: usage_record_xid; Type: INDEX; Schema: budget; Owner: budget_owner

CREATE INDEX usage_record_xid ON ONLY budget.usage_record USING brin ((((xid)::text)::bigint));

-- Name: audit_log append_only; Type: TRIGGER; Schema: budget; Owner: budget_owner

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON budget.audit_log FOR EACH STATEMENT EXECUTE FUNCTION budget.refuse_change();

-- Name: api_key api_key_tenant_id_fkey; Type: FK CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.api_key
    ADD CONSTRAINT api_key_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES budget.tenant(tenant_id);

-- Name: approval approval_tenant_id_policy_id_fkey; Type: FK CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.approval
    ADD CONSTRAINT approval_tenant_id_policy_id_fkey FOREIGN KEY (tenant_id, policy_id) REFERENCES budget.policy(tenant_id, policy_id);

-- Name: budget budget_tenant_id_fkey; Type: FK CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.budget
    ADD CONSTRAINT budget_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES budget.tenant(tenant_id);

-- Name: budget budget_tenant_id_parent_id_fkey; Type: FK CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.budget
    ADD CONSTRAINT budget_tenant_id_parent_id_fkey FOREIGN KEY (tenant_id, parent_id) REFERENCES budget.budget(tenant_id, budget_id);

-- Name: policy policy_tenant_id_budget_id_fkey; Type: FK CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.policy
    ADD CONSTRAINT policy_tenant_id_budget_id_fkey FOREIGN KEY (tenant_id, budget_id) REFERENCES budget.budget(tenant_id, budget_id);

-- Name: price_candidate price_candidate_source_fkey; Type: FK CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price_candidate
    ADD CONSTRAINT price_candidate_source_fkey FOREIGN KEY (source) REFERENCES budget.price_source(source) ON DELETE CASCADE;

-- Name: price_decision price_decision_run_id_fkey; Type: FK CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price_decision
    ADD CONSTRAINT price_decision_run_id_fkey FOREIGN KEY (run_id) REFERENCES budget.price_update(run_id) ON DELETE CASCADE;

-- Name: price_effect price_effect_run_id_fkey; Type: FK CONSTRAINT; Schema: budget; Owner: budget_owner

ALTER TABLE ONLY budget.price_effect
    ADD CONSTRAINT price_effect_run_id_fkey FOREIGN KEY (run_id) REFERENCES budget.price_update(run_id) ON DELETE CASCADE;

-- Name: alert; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.alert ENABLE ROW LEVEL SECURITY;

-- Name: api_key; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.api_key ENABLE ROW LEVEL SECURITY;

-- Name: approval; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.approval ENABLE ROW LEVEL SECURITY;

-- Name: audit_log; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.audit_log ENABLE ROW LEVEL SECURITY;

-- Name: budget; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.budget ENABLE ROW LEVEL SECURITY;

-- Name: correction; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.correction ENABLE ROW LEVEL SECURITY;

-- Name: counter; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.counter ENABLE ROW LEVEL SECURITY;

-- Name: denial; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.denial ENABLE ROW LEVEL SECURITY;

-- Name: hold; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.hold ENABLE ROW LEVEL SECURITY;

-- Name: hold_extension; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.hold_extension ENABLE ROW LEVEL SECURITY;

-- Name: model; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.model ENABLE ROW LEVEL SECURITY;

-- Name: model_alias; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.model_alias ENABLE ROW LEVEL SECURITY;

-- Name: outbox; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.outbox ENABLE ROW LEVEL SECURITY;

-- Name: policy; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.policy ENABLE ROW LEVEL SECURITY;

-- Name: policy_limit; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.policy_limit ENABLE ROW LEVEL SECURITY;

-- Name: policy_revision; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.policy_revision ENABLE ROW LEVEL SECURITY;

-- Name: policy_state; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.policy_state ENABLE ROW LEVEL SECURITY;

-- Name: price; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.price ENABLE ROW LEVEL SECURITY;

-- Name: price_effect; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.price_effect ENABLE ROW LEVEL SECURITY;

-- Name: price_offer; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.price_offer ENABLE ROW LEVEL SECURITY;

-- Name: price_run; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.price_run ENABLE ROW LEVEL SECURITY;

-- Name: price_run_line; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.price_run_line ENABLE ROW LEVEL SECURITY;

-- Name: provider_name; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.provider_name ENABLE ROW LEVEL SECURITY;

-- Name: request_key; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.request_key ENABLE ROW LEVEL SECURITY;

-- Name: shape; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.shape ENABLE ROW LEVEL SECURITY;

-- Name: shape_plan; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.shape_plan ENABLE ROW LEVEL SECURITY;

-- Name: slice_use; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.slice_use ENABLE ROW LEVEL SECURITY;

-- Name: tenant; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.tenant ENABLE ROW LEVEL SECURITY;

-- Name: alert tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.alert USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON alert; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.alert IS 'USING (tenant_id = budget.tenant())';

-- Name: api_key tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.api_key USING (((tenant_id = budget.tenant()) OR (current_setting('budget.tenant'::text, true) = '*'::text)));

-- Name: POLICY tenant_rows ON api_key; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.api_key IS 'USING (tenant_id = budget.tenant() OR current_setting(''budget.tenant'', true) = ''*'')';

-- Name: approval tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.approval USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON approval; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.approval IS 'USING (tenant_id = budget.tenant())';

-- Name: audit_log tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.audit_log USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON audit_log; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.audit_log IS 'USING (tenant_id = budget.tenant())';

-- Name: budget tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.budget USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON budget; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.budget IS 'USING (tenant_id = budget.tenant())';

-- Name: correction tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.correction USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON correction; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.correction IS 'USING (tenant_id = budget.tenant())';

-- Name: counter tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.counter USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON counter; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.counter IS 'USING (tenant_id = budget.tenant())';

-- Name: denial tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.denial USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON denial; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.denial IS 'USING (tenant_id = budget.tenant())';

-- Name: hold tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.hold USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON hold; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.hold IS 'USING (tenant_id = budget.tenant())';

-- Name: hold_extension tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.hold_extension USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON hold_extension; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.hold_extension IS 'USING (tenant_id = budget.tenant())';

-- Name: model tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.model USING ((tenant_id = ANY (ARRAY[budget.tenant(), budget.catalogue_tenant()]))) WITH CHECK ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON model; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.model IS 'USING (tenant_id = ANY (ARRAY[budget.tenant(), budget.catalogue_tenant()])) WITH CHECK (tenant_id = budget.tenant())';

-- Name: model_alias tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.model_alias USING ((tenant_id = ANY (ARRAY[budget.tenant(), budget.catalogue_tenant()]))) WITH CHECK ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON model_alias; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.model_alias IS 'USING (tenant_id = ANY (ARRAY[budget.tenant(), budget.catalogue_tenant()])) WITH CHECK (tenant_id = budget.tenant())';

-- Name: outbox tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.outbox USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON outbox; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.outbox IS 'USING (tenant_id = budget.tenant())';

-- Name: policy tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.policy USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON policy; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.policy IS 'USING (tenant_id = budget.tenant())';

-- Name: policy_limit tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.policy_limit USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON policy_limit; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.policy_limit IS 'USING (tenant_id = budget.tenant())';

-- Name: policy_revision tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.policy_revision USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON policy_revision; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.policy_revision IS 'USING (tenant_id = budget.tenant())';

-- Name: policy_state tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.policy_state USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON policy_state; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.policy_state IS 'USING (tenant_id = budget.tenant())';

-- Name: price tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.price USING ((tenant_id = ANY (ARRAY[budget.tenant(), budget.catalogue_tenant()]))) WITH CHECK ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON price; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.price IS 'USING (tenant_id = ANY (ARRAY[budget.tenant(), budget.catalogue_tenant()])) WITH CHECK (tenant_id = budget.tenant())';

-- Name: price_effect tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.price_effect USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON price_effect; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.price_effect IS 'USING (tenant_id = budget.tenant())';

-- Name: price_offer tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.price_offer USING ((tenant_id = ANY (ARRAY[budget.tenant(), budget.catalogue_tenant()]))) WITH CHECK ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON price_offer; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.price_offer IS 'USING (tenant_id = ANY (ARRAY[budget.tenant(), budget.catalogue_tenant()])) WITH CHECK (tenant_id = budget.tenant())';

-- Name: price_run tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.price_run USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON price_run; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.price_run IS 'USING (tenant_id = budget.tenant())';

-- Name: price_run_line tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.price_run_line USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON price_run_line; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.price_run_line IS 'USING (tenant_id = budget.tenant())';

-- Name: provider_name tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.provider_name USING ((tenant_id = ANY (ARRAY[budget.tenant(), budget.catalogue_tenant()]))) WITH CHECK ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON provider_name; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.provider_name IS 'USING (tenant_id = ANY (ARRAY[budget.tenant(), budget.catalogue_tenant()])) WITH CHECK (tenant_id = budget.tenant())';

-- Name: request_key tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.request_key USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON request_key; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.request_key IS 'USING (tenant_id = budget.tenant())';

-- Name: shape tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.shape USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON shape; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.shape IS 'USING (tenant_id = budget.tenant())';

-- Name: shape_plan tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.shape_plan USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON shape_plan; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.shape_plan IS 'USING (tenant_id = budget.tenant())';

-- Name: slice_use tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.slice_use USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON slice_use; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.slice_use IS 'USING (tenant_id = budget.tenant())';

-- Name: tenant tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.tenant USING (((tenant_id = ANY (ARRAY[budget.tenant(), budget.catalogue_tenant()])) OR (current_setting('budget.tenant'::text, true) = '*'::text))) WITH CHECK (((tenant_id = budget.tenant()) OR (current_setting('budget.tenant'::text, true) = '*'::text)));

-- Name: POLICY tenant_rows ON tenant; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.tenant IS 'USING (tenant_id = ANY (ARRAY[budget.tenant(), budget.catalogue_tenant()]) OR current_setting(''budget.tenant'', true) = ''*'') WITH CHECK (tenant_id = budget.tenant() OR current_setting(''budget.tenant'', true) = ''*'')';

-- Name: usage_record tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.usage_record USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON usage_record; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.usage_record IS 'USING (tenant_id = budget.tenant())';

-- Name: verify_difference tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.verify_difference USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON verify_difference; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.verify_difference IS 'USING (tenant_id = budget.tenant())';

-- Name: verify_hold tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.verify_hold USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON verify_hold; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.verify_hold IS 'USING (tenant_id = budget.tenant())';

-- Name: verify_run tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.verify_run USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON verify_run; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.verify_run IS 'USING (tenant_id = budget.tenant())';

-- Name: verify_sum tenant_rows; Type: POLICY; Schema: budget; Owner: budget_owner

CREATE POLICY tenant_rows ON budget.verify_sum USING ((tenant_id = budget.tenant()));

-- Name: POLICY tenant_rows ON verify_sum; Type: COMMENT; Schema: budget; Owner: budget_owner

COMMENT ON POLICY tenant_rows ON budget.verify_sum IS 'USING (tenant_id = budget.tenant())';

-- Name: usage_record; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.usage_record ENABLE ROW LEVEL SECURITY;

-- Name: verify_difference; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.verify_difference ENABLE ROW LEVEL SECURITY;

-- Name: verify_hold; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.verify_hold ENABLE ROW LEVEL SECURITY;

-- Name: verify_run; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.verify_run ENABLE ROW LEVEL SECURITY;

-- Name: verify_sum; Type: ROW SECURITY; Schema: budget; Owner: budget_owner

ALTER TABLE budget.verify_sum ENABLE ROW LEVEL SECURITY;

-- Name: SCHEMA budget; Type: ACL; Schema: -; Owner: budget_owner

GRANT USAGE ON SCHEMA budget TO budget_engine;
GRANT USAGE ON SCHEMA budget TO budget_app;
GRANT USAGE ON SCHEMA budget TO budget_readonly;

-- Name: TABLE price; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.price TO budget_engine;
GRANT SELECT ON TABLE budget.price TO budget_readonly;

-- Name: TABLE alert; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.alert TO budget_engine;
GRANT SELECT ON TABLE budget.alert TO budget_readonly;

-- Name: TABLE policy; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.policy TO budget_engine;
GRANT SELECT ON TABLE budget.policy TO budget_readonly;

-- Name: TABLE model; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.model TO budget_engine;
GRANT SELECT ON TABLE budget.model TO budget_readonly;

-- Name: TABLE approval; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.approval TO budget_engine;
GRANT SELECT ON TABLE budget.approval TO budget_readonly;

-- Name: TABLE budget; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.budget TO budget_engine;
GRANT SELECT ON TABLE budget.budget TO budget_readonly;

-- Name: TABLE audit_log; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.audit_log TO budget_engine;
GRANT SELECT ON TABLE budget.audit_log TO budget_readonly;

-- Name: TABLE price_candidate; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.price_candidate TO budget_engine;
GRANT SELECT ON TABLE budget.price_candidate TO budget_readonly;

-- Name: TABLE price_update; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.price_update TO budget_engine;
GRANT SELECT ON TABLE budget.price_update TO budget_readonly;

-- Name: TABLE hold; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.hold TO budget_engine;
GRANT SELECT ON TABLE budget.hold TO budget_readonly;

-- Name: TABLE fx_rate; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.fx_rate TO budget_engine;
GRANT SELECT ON TABLE budget.fx_rate TO budget_readonly;

-- Name: TABLE shape; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.shape TO budget_engine;
GRANT SELECT ON TABLE budget.shape TO budget_readonly;

-- Name: TABLE job; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.job TO budget_engine;
GRANT SELECT ON TABLE budget.job TO budget_readonly;

-- Name: TABLE api_key; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.api_key TO budget_engine;

-- Name: TABLE policy_revision; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.policy_revision TO budget_engine;
GRANT SELECT ON TABLE budget.policy_revision TO budget_readonly;

-- Name: TABLE price_decision; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.price_decision TO budget_engine;
GRANT SELECT ON TABLE budget.price_decision TO budget_readonly;

-- Name: TABLE price_conflict; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.price_conflict TO budget_engine;
GRANT SELECT ON TABLE budget.price_conflict TO budget_readonly;

-- Name: TABLE price_source; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.price_source TO budget_engine;
GRANT SELECT ON TABLE budget.price_source TO budget_readonly;

-- Name: TABLE verify_run; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.verify_run TO budget_engine;
GRANT SELECT ON TABLE budget.verify_run TO budget_readonly;

-- Name: TABLE price_run; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.price_run TO budget_engine;
GRANT SELECT ON TABLE budget.price_run TO budget_readonly;

-- Name: TABLE usage_record; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.usage_record TO budget_engine;
GRANT SELECT ON TABLE budget.usage_record TO budget_readonly;

-- Name: TABLE tenant; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.tenant TO budget_engine;
GRANT SELECT ON TABLE budget.tenant TO budget_readonly;

-- Name: TABLE correction; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.correction TO budget_engine;
GRANT SELECT ON TABLE budget.correction TO budget_readonly;

-- Name: TABLE counter; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.counter TO budget_engine;
GRANT SELECT ON TABLE budget.counter TO budget_readonly;

-- Name: TABLE denial; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.denial TO budget_engine;
GRANT SELECT ON TABLE budget.denial TO budget_readonly;

-- Name: TABLE hold_extension; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.hold_extension TO budget_engine;
GRANT SELECT ON TABLE budget.hold_extension TO budget_readonly;

-- Name: TABLE job_run; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.job_run TO budget_engine;
GRANT SELECT ON TABLE budget.job_run TO budget_readonly;

-- Name: TABLE migration; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT ON TABLE budget.migration TO budget_readonly;
GRANT SELECT ON TABLE budget.migration TO budget_engine;

-- Name: TABLE model_alias; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.model_alias TO budget_engine;
GRANT SELECT ON TABLE budget.model_alias TO budget_readonly;

-- Name: TABLE outbox; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.outbox TO budget_engine;
GRANT SELECT ON TABLE budget.outbox TO budget_readonly;

-- Name: TABLE policy_limit; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.policy_limit TO budget_engine;
GRANT SELECT ON TABLE budget.policy_limit TO budget_readonly;

-- Name: TABLE policy_state; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.policy_state TO budget_engine;
GRANT SELECT ON TABLE budget.policy_state TO budget_readonly;

-- Name: TABLE price_effect; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.price_effect TO budget_engine;
GRANT SELECT ON TABLE budget.price_effect TO budget_readonly;

-- Name: TABLE price_offer; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.price_offer TO budget_engine;
GRANT SELECT ON TABLE budget.price_offer TO budget_readonly;

-- Name: TABLE price_run_line; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.price_run_line TO budget_engine;
GRANT SELECT ON TABLE budget.price_run_line TO budget_readonly;

-- Name: TABLE provider_name; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.provider_name TO budget_engine;
GRANT SELECT ON TABLE budget.provider_name TO budget_readonly;

-- Name: TABLE request_key; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.request_key TO budget_engine;
GRANT SELECT ON TABLE budget.request_key TO budget_readonly;

-- Name: TABLE setting; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.setting TO budget_engine;

-- Name: TABLE setting_effective; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.setting_effective TO budget_engine;
GRANT SELECT ON TABLE budget.setting_effective TO budget_readonly;

-- Name: TABLE setting_seed; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.setting_seed TO budget_engine;
GRANT SELECT ON TABLE budget.setting_seed TO budget_readonly;

-- Name: TABLE shape_plan; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.shape_plan TO budget_engine;
GRANT SELECT ON TABLE budget.shape_plan TO budget_readonly;

-- Name: TABLE slice_use; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.slice_use TO budget_engine;
GRANT SELECT ON TABLE budget.slice_use TO budget_readonly;

-- Name: TABLE tier_rule; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.tier_rule TO budget_engine;
GRANT SELECT ON TABLE budget.tier_rule TO budget_readonly;

-- Name: TABLE verify_difference; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.verify_difference TO budget_engine;
GRANT SELECT ON TABLE budget.verify_difference TO budget_readonly;

-- Name: TABLE verify_hold; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.verify_hold TO budget_engine;
GRANT SELECT ON TABLE budget.verify_hold TO budget_readonly;

-- Name: TABLE verify_sum; Type: ACL; Schema: budget; Owner: budget_owner

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE budget.verify_sum TO budget_engine;
GRANT SELECT ON TABLE budget.verify_sum TO budget_readonly;
