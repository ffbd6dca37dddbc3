-- noqa: disable=AL03
-- Functions, procedures and aggregates, by the types of their arguments. A part of objects.sql,
-- which names the columns.
SELECT
    'pg_proc'::regclass,
    p.oid,
    0,
    NULL::oid,
    NULL::oid,
    CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
    format(
        '%s%I(%s)', s.prefix, p.proname,
        regexp_replace(oidvectortypes(p.proargtypes), '\mpublic\.', '', 'g')
    ),
    coalesce(p.proacl, acldefault('f', p.proowner)),
    NULL::text[],
    concat_ws(
        chr(30),
        'owner: ' || pg_get_userbyid(p.proowner),
        CASE
            WHEN p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype)
                THEN 'for triggers: yes'
        END,
        'definition: ' || CASE p.prokind
            WHEN 'a'
                THEN
                    format(
                        E'arguments %s\nreturns %s\nparallel %s\n',
                        pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
                        p.proparallel
                    )
                    || format(
                        E'kind %s\ndirect arguments %s\nstate %s, space %s\ninitially %L\n',
                        a.aggkind, a.aggnumdirectargs, a.aggtranstype::regtype, a.aggtransspace,
                        a.agginitval
                    )
                    || format(
                        E'transition %s\nfinal %s, extra %s, modifies %s\n',
                        a.aggtransfn, a.aggfinalfn, a.aggfinalextra, a.aggfinalmodify
                    )
                    || format(
                        E'combine %s\nserial %s\ndeserial %s\nsort operator %s\n',
                        a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggsortop::regoperator
                    )
                    || format(
                        E'moving state %s, space %s\ninitially %L\ntransition %s\ninverse %s\n',
                        a.aggmtranstype::regtype, a.aggmtransspace, a.aggminitval, a.aggmtransfn,
                        a.aggminvtransfn
                    )
                    || format(
                        'final %s, extra %s, modifies %s',
                        a.aggmfinalfn, a.aggmfinalextra, a.aggmfinalmodify
                    )
            ELSE pg_get_functiondef(p.oid)
        END
    )
FROM pg_proc AS p
INNER JOIN spaces AS s ON p.pronamespace = s.oid
LEFT JOIN pg_aggregate AS a ON p.oid = a.aggfnoid
