-- What sources say and rules do not allow to apply: opens the conflict of a model and service tier, or brings the open
-- one up to date. A question a person has answered is not asked again while the sources say the same ('reviewed'); one
-- that is asked already waits ('waiting').
-- In a dry run it only answers what would be.
-- Writes: price_conflict.
CREATE OR REPLACE FUNCTION budget.price_conflict_note(run budget.price_update, decision budget.price_decision,
    verdict budget.price_verdict, voices budget.price_voice[], force budget.price) RETURNS budget.price_decision
LANGUAGE plpgsql AS $$
DECLARE
    asked constant text := budget.price_fingerprint(voices);
    former budget.price_conflict;
    fresh budget.price_conflict;
BEGIN
    SELECT * INTO former FROM budget.price_conflict AS c
    WHERE c.provider = decision.provider AND c.model = decision.model AND c.service_tier = decision.service_tier
    ORDER BY c.state = 'open' DESC, c.conflict_id DESC LIMIT 1;
    IF former.state IN ('approved', 'rejected') AND former.fingerprint = asked THEN
        IF decision.action = 'conflict' THEN
            decision.action := 'reviewed';
        END IF;
        RETURN decision;
    ELSIF former.state = 'open' AND (former.fingerprint, former.kind, former.current ->> 'pricing_id')
          IS NOT DISTINCT FROM (asked, verdict.kind, force.pricing_id::text) THEN
        IF decision.action = 'conflict' THEN
            decision.action := 'waiting';
        END IF;
        RETURN decision;
    END IF;
    IF decision.action = 'conflict' THEN
        decision.action := CASE WHEN verdict.kind IN ('outlier', 'units') THEN 'outlier' ELSE 'conflict' END;
    END IF;
    IF run.dry_run THEN
        decision.conflict_id := CASE WHEN former.state = 'open' THEN former.conflict_id END;
    ELSIF former.state = 'open' THEN
        decision.conflict_id := former.conflict_id;
        UPDATE budget.price_conflict AS c SET kind = verdict.kind, reason = verdict.reason, fingerprint = asked,
            candidates = budget.price_voices_json(voices), current = budget.price_current_json(force),
            updated_at = clock_timestamp(), version = c.version + 1
        WHERE c.conflict_id = former.conflict_id;
    ELSE
        fresh.conflict_id := budget.uuid_v7();
        INSERT INTO budget.price_conflict (conflict_id, provider, model, service_tier, kind, reason, current, candidates,
            fingerprint, opened_run)
        VALUES (fresh.conflict_id, decision.provider, decision.model, decision.service_tier, verdict.kind,
            verdict.reason, budget.price_current_json(force), budget.price_voices_json(voices), asked, run.run_id);
        decision.conflict_id := fresh.conflict_id;
    END IF;
    RETURN decision;
END $$;

-- The sources agree with what is in force, or what they say has been applied: nothing is left to decide.
CREATE OR REPLACE FUNCTION budget.price_conflict_settle(p_provider text, p_model text, p_tier text, why text)
RETURNS void LANGUAGE sql AS $$
    UPDATE budget.price_conflict AS c SET state = 'settled', decided_at = clock_timestamp(), decided_by = 'price-update',
        note = why, updated_at = clock_timestamp(), version = c.version + 1
    WHERE c.provider = p_provider AND c.model = p_model AND c.service_tier = p_tier AND c.state = 'open'
$$;

-- What is asked: who says which figures. Details that are not compared do not make it another question.
CREATE OR REPLACE FUNCTION budget.price_fingerprint(voices budget.price_voice[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT md5(coalesce(string_agg(v.source || ' ' || r.key || ' ' || r.value, E'\n' ORDER BY v.source, r.key), ''))
    FROM unnest(voices) AS v, jsonb_each_text(v.rates) AS r
    WHERE r.key !~ '(audio|image|search)' OR NOT v.rates ? 'input_cost_per_token'
$$;

-- The candidates as the API shows them.
CREATE OR REPLACE FUNCTION budget.price_voices_json(voices budget.price_voice[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_agg(jsonb_build_object('source', v.source, 'trust', v.trust, 'named', v.named, 'price_type',
        v.price_type, 'rates', v.rates, 'effective_date', budget.utc(v.effective_date), 'source_url',
        v.about -> 'source_url', 'fx', v.fx, 'said_since', budget.utc(v.fetched_at)) ORDER BY v.trust DESC, v.source)
    FROM unnest(voices) AS v
$$;

CREATE OR REPLACE FUNCTION budget.price_current_json(force budget.price) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN force.pricing_id IS NOT NULL THEN jsonb_build_object('pricing_id', force.pricing_id, 'source',
        force.source, 'verified', force.verified, 'approved_by', force.approved_by, 'effective_date',
        budget.utc(force.effective_date), 'rates', budget.price_flat(force)) END
$$;
