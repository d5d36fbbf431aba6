-- Does a policy (its revision) count what has this shape? shape_path: root … budget of the shape's own budget.
--   filters: NULL = any; a shape that leaves an attribute out (holds only) matches every filter on it;
--   where: an unfiltered policy, or one of a budget that reaches only its own, counts its budget and what is below;
--          a filtered policy of a budget with reach 'all' counts all traffic of the tenant.
-- Provider and model are compared without case. Plain SQL so that it inlines into set-based matching.
CREATE OR REPLACE FUNCTION budget.policy_matches(revision budget.policy_revision, shape budget.shape, shape_path uuid[])
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ((revision).tier IS NULL OR (shape).tier IS NULL OR (revision).tier = (shape).tier)
       AND ((revision).provider IS NULL OR (shape).provider IS NULL
           OR lower((revision).provider) = lower((shape).provider))
       AND ((revision).model IS NULL OR (shape).model IS NULL OR lower((revision).model) = lower((shape).model))
       AND ((revision).component IS NULL OR (shape).component IS NULL OR (revision).component = (shape).component)
       AND ((revision).task_type IS NULL OR (shape).task_type IS NULL OR (revision).task_type = (shape).task_type)
       AND ((revision).budget_id = ANY (shape_path)
            OR (revision).reach = 'all' AND coalesce((revision).tier, (revision).provider, (revision).model,
                                                     (revision).component, (revision).task_type) IS NOT NULL)
$$;
