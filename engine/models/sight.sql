-- What a reading session of the pages may see, asked by the policies of engine/models/sight.py.
--
-- The rule of engine/access said once more, below all Python, by another hand. Who reads stands
-- in casetable.account, the installation's instant in casetable.now; both hold for a transaction.
-- The functions run as the owner of the tables, for whom rows are open in here alone: policies
-- would else ask themselves. They are PL/pgSQL because its plans are kept for the connection: a
-- function in SQL that runs as somebody else is parsed and planned anew in each statement, which
-- took longer than the lists of the pages themselves.

CREATE OR REPLACE FUNCTION casetable_account() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('casetable.account', true), '')::uuid
$$;

CREATE OR REPLACE FUNCTION casetable_now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        nullif(current_setting('casetable.now', true), '')::timestamptz,
        clock_timestamp() + make_interval(secs =>
            coalesce((SELECT offset_seconds FROM demo_clock WHERE id = 1), 0)))
$$;

-- The reader, and the absent people for whom the reader deputises now (engine/deputy.py).
CREATE OR REPLACE FUNCTION casetable_persons()
RETURNS TABLE (person uuid, home uuid, own boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 2
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH me AS (
        SELECT id, organisation_id FROM account
        WHERE id = casetable_account() AND disabled_at IS NULL
    )
    SELECT id, organisation_id, true FROM me
    UNION ALL
    SELECT absent.id, absent.organisation_id, false
    FROM me
    JOIN absence ON absence.deputy_id = me.id AND absence.ended_at IS NULL
        AND absence.starts_at <= casetable_now() AND absence.ends_at > casetable_now()
    JOIN account absent ON absent.id = absence.account_id AND absent.disabled_at IS NULL
    WHERE NOT EXISTS (
        SELECT 1 FROM account_role
        WHERE account_role.account_id IN (me.id, absent.id) AND account_role.role IN ({outside}));
END $$;

CREATE OR REPLACE FUNCTION casetable_roles() RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 5
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT role::text FROM account_role JOIN casetable_persons() ON person = account_id;
END $$;

-- Whether the reader, and no absent person, holds one of some roles.
CREATE OR REPLACE FUNCTION casetable_holds(VARIADIC wanted text[]) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT 1 FROM account_role JOIN casetable_persons() ON person = account_id AND own
        WHERE role = ANY (wanted));
END $$;

-- The cases that the reader is kept out of.
CREATE OR REPLACE FUNCTION casetable_barred() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 5
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT case_id FROM case_standing
    WHERE account_id = casetable_account() AND until IS NULL AND state IN ({barring});
END $$;

-- The cases whose content the reader may read, worked out once in a transaction and kept in
-- casetable.cases: each statement of a page asks for them.
CREATE OR REPLACE FUNCTION casetable_cases() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    reader uuid := casetable_account();
    kept text := current_setting('casetable.cases', true);
BEGIN
    IF reader IS NULL THEN
        RETURN;
    END IF;
    IF kept IS NULL OR left(kept, 36) <> reader::text THEN
        WITH persons AS MATERIALIZED (SELECT * FROM casetable_persons()),
        barred AS MATERIALIZED (
            SELECT account_id, case_id FROM case_standing
            WHERE until IS NULL AND state IN ({barring})
                AND account_id IN (SELECT person FROM persons)
        ),
        -- A deputy sees nothing of a case that he or she was taken out of, or has left.
        shut AS MATERIALIZED (
            SELECT case_id FROM barred WHERE account_id = reader
            UNION
            SELECT case_id FROM case_member WHERE account_id = reader
            GROUP BY case_id HAVING count(*) FILTER (WHERE until IS NULL) = 0
        ),
        owed AS (
            -- A role that nobody holds in the case yet, or a desk's, belongs to all its holders.
            -- What is written down of it (models/pool.py) leads to the steps and is not believed.
            SELECT persons.*, work_item.case_id
            FROM persons
            JOIN account_role held ON held.account_id = persons.person
            JOIN work_item ON work_item.state = 'open' AND work_item.pool
                AND work_item.role = held.role AND work_item.organisation_id IS NULL
            WHERE (persons.own OR work_item.deputies = 'anybody' OR (
                    work_item.deputies = 'organisation' AND persons.home = (
                        SELECT home FROM persons mine WHERE mine.own)))
                AND (work_item.desk OR NOT EXISTS (
                    SELECT 1 FROM case_member other
                    WHERE other.case_id = work_item.case_id AND other.until IS NULL
                        AND other.function = work_item.role))
            UNION ALL
            SELECT persons.*, work_item.case_id
            FROM persons
            JOIN account_role held ON held.account_id = persons.person
            JOIN work_item ON work_item.state = 'open' AND work_item.escalated_at IS NOT NULL
                AND work_item.escalate_to = held.role AND work_item.organisation_id IS NULL
                AND work_item.role NOT IN ({never})
            WHERE persons.own OR work_item.deputies = 'anybody' OR (
                work_item.deputies = 'organisation' AND persons.home = (
                    SELECT home FROM persons mine WHERE mine.own))
        ),
        way AS (
            SELECT persons.*, case_member.case_id
            FROM persons
            JOIN case_member ON case_member.account_id = persons.person
                AND case_member.until IS NULL
            UNION
            -- Who watches over data protection does a step of a case and opens nothing of it.
            SELECT * FROM owed
            WHERE NOT EXISTS (
                SELECT 1 FROM account_role
                WHERE account_role.account_id = owed.person AND account_role.role IN ({outside}))
        ),
        seen AS (
            -- Looked up one by one (OFFSET keeps it so): joined, the table of all cases is read.
            SELECT way.case_id
            FROM way CROSS JOIN LATERAL (
                SELECT one.state, one.roles FROM casework_case one
                WHERE one.id = way.case_id OFFSET 0) casework_case
            WHERE casework_case.state <> 'erased'
                AND (way.person, way.case_id) NOT IN (SELECT account_id, case_id FROM barred)
                AND (way.own OR (way.case_id NOT IN (SELECT case_id FROM shut)
                    -- A deputy of another body sees nothing of its file.
                    AND (casework_case.roles = '' OR EXISTS (
                        SELECT 1 FROM account_role WHERE account_role.account_id = reader
                            AND strpos(casework_case.roles, ' ' || account_role.role || ' ') > 0))))
            UNION
            SELECT emergency_access.case_id
            FROM emergency_access JOIN casework_case ON casework_case.id = emergency_access.case_id
            JOIN persons ON persons.person = emergency_access.account_id AND persons.own
            WHERE emergency_access.ended_at IS NULL AND emergency_access.ends_at > casetable_now()
                AND casework_case.state NOT IN ('erased', 'sealed')
                AND (casework_case.roles = '' OR EXISTS (
                    SELECT 1 FROM account_role WHERE account_role.account_id = reader
                        AND strpos(casework_case.roles, ' ' || account_role.role || ' ') > 0))
                AND (reader, emergency_access.case_id) NOT IN (
                    SELECT account_id, case_id FROM barred)
        )
        SELECT reader::text || coalesce(array_agg(case_id), '{{}}')::text INTO kept FROM seen;
        PERFORM set_config('casetable.cases', kept, true);
    END IF;
    RETURN QUERY SELECT unnest(substr(kept, 37)::uuid[]);
END $$;

-- The cases in which the reader took part or did a step: the own words stay readable.
CREATE OR REPLACE FUNCTION casetable_past() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT once.case_id
    FROM (
        SELECT case_id FROM case_member
        WHERE account_id = casetable_account() AND until IS NOT NULL
        UNION
        SELECT case_id FROM work_item
        WHERE completed_by_id = casetable_account() AND completed_for_id IS NULL
    ) once
    CROSS JOIN LATERAL (
        SELECT one.state FROM casework_case one WHERE one.id = once.case_id OFFSET 0) casework_case
    WHERE casework_case.state NOT IN ('erased', 'sealed')
        AND once.case_id NOT IN (SELECT casetable_barred());
END $$;

-- The cases of which the reader opened an emergency access, or watches over all of them.
CREATE OR REPLACE FUNCTION casetable_emergencies() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT case_id FROM emergency_access
    JOIN casework_case ON casework_case.id = emergency_access.case_id
    WHERE ((emergency_access.account_id = casetable_account() AND (
            casework_case.roles = '' OR EXISTS (
                SELECT 1 FROM account_role WHERE account_role.account_id = casetable_account()
                    AND strpos(casework_case.roles, ' ' || account_role.role || ' ') > 0)))
        OR EXISTS (
            SELECT 1 FROM account_role
            JOIN casetable_persons() ON person = account_role.account_id AND own
            WHERE role IN ({watches}) AND (role IN ({outside}) OR casework_case.roles = ''
                OR strpos(casework_case.roles, ' ' || role || ' ') > 0)))
        AND case_id NOT IN (SELECT casetable_barred());
END $$;

-- The cases of which the reader knows code and state, and not the content: of own words, of an
-- invitation, of an emergency, of an incident that waits for one of the reader's roles, or of an
-- erasure that the officer is asked about. Kept for the transaction as the cases are: a list asks
-- for them once for each of its tables.
CREATE OR REPLACE FUNCTION casetable_known() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    reader uuid := casetable_account();
    kept text := current_setting('casetable.known', true);
BEGIN
    IF reader IS NULL THEN
        RETURN;
    END IF;
    IF kept IS NULL OR left(kept, 36) <> reader::text THEN
        WITH told AS (
            SELECT casetable_past() AS case_id
            UNION
            SELECT casetable_emergencies()
            UNION
            SELECT case_id FROM case_standing
            WHERE account_id = reader AND state = 'invited' AND until IS NULL
            UNION
            SELECT incident.case_id
            FROM incident JOIN casework_case ON casework_case.id = incident.case_id
            WHERE incident.state <> 'resolved'
                AND incident.case_id NOT IN (SELECT casetable_barred())
                -- A deputy of another body hears nothing of its file.
                AND incident.owner_role IN (SELECT casetable_roles())
                AND (casework_case.roles = '' OR EXISTS (
                    SELECT 1 FROM account_role mine WHERE mine.account_id = reader
                        AND (mine.role = incident.owner_role
                            OR strpos(casework_case.roles, ' ' || mine.role || ' ') > 0)))
            UNION
            SELECT case_id FROM erasure_round
            WHERE casetable_holds('dpo') AND case_id NOT IN (SELECT casetable_barred())
        )
        SELECT reader::text || coalesce(array_agg(case_id), '{{}}')::text INTO kept FROM told;
        PERFORM set_config('casetable.known', kept, true);
    END IF;
    RETURN QUERY SELECT unnest(substr(kept, 37)::uuid[]);
END $$;
