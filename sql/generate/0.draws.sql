-- What the other files of this directory draw from: of this session alone, gone when it ends.
--
-- Everything follows from row numbers by hashing: the same setting generate.tasks gives the same
-- rows, on every version and at any time of day. The clock of the data stands at generated_until().

-- SET generate.tasks = 20000 is all that must be given: other tables grow in proportion.
CREATE FUNCTION pg_temp.generated_tasks() RETURNS bigint
LANGUAGE sql STABLE
RETURN current_setting('generate.tasks')::bigint;

CREATE FUNCTION pg_temp.generated_users() RETURNS bigint
LANGUAGE sql STABLE
RETURN greatest(current_setting('generate.tasks')::bigint / 200, 10);

CREATE FUNCTION pg_temp.generated_texts() RETURNS bigint
LANGUAGE sql STABLE
RETURN least(greatest(current_setting('generate.tasks')::bigint / 10, 64), 2048);

CREATE FUNCTION pg_temp.generated_until() RETURNS timestamptz
LANGUAGE sql IMMUTABLE
RETURN timestamptz '2026-07-01 00:00:00+00';

-- A number from 0 (included) to 1 (not), the same for the same row and purpose.
CREATE FUNCTION pg_temp.draw(row_number bigint, purpose integer) RETURNS double precision
LANGUAGE sql IMMUTABLE
RETURN (hashint8extended(row_number, purpose) & 4294967295) / 4294967296.0::double precision;

-- A UUID version 7 of a time. SET generate.random_ids = on gives version 4 instead, for the same
-- rows with keys in no order.
CREATE FUNCTION pg_temp.id_at(
    created_at timestamptz, row_number bigint, purpose integer
) RETURNS uuid
LANGUAGE sql STABLE
RETURN (
    CASE coalesce(current_setting('generate.random_ids', TRUE), '')
        WHEN 'on'
            THEN
                substr(md5(row_number::text || ' ' || purpose::text), 1, 12) || '4'
                || substr(md5(row_number::text || ' ' || purpose::text), 14)
        ELSE
            lpad(to_hex((date_part('epoch', created_at) * 1000)::bigint), 12, '0') || '7'
            || substr(lpad(to_hex(hashint8extended(row_number, purpose)), 16, '0'), 1, 3) || '8'
            || substr(lpad(to_hex(hashint8extended(row_number, -purpose)), 16, '0'), 1, 15)
    END
)::uuid;

-- Users sign up over two years, more and more of them.
CREATE FUNCTION pg_temp.signed_up_at(user_id bigint) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN date_trunc(
    'milliseconds',
    pg_temp.generated_until() - interval '730 days'
    * (1 - 0.98 * (user_id::double precision / pg_temp.generated_users()) ^ 0.7)
);

-- Who owns a row: each user has slots, and a row draws one. Of two million rows, a user in a thousand,
-- an agency, owns 6,000; one in a hundred 2,400; one in five 540; the others 70, but for one in eight,
-- who has signed up and never come back. So the first fifth of the users owns two thirds. What a user
-- of a kind owns does not depend on the size.
CREATE TEMPORARY TABLE owners AS
SELECT
    row_number() OVER (ORDER BY u.id, s.slot) - 1 AS slot,
    u.id AS user_id,
    pg_temp.signed_up_at(u.id) AS since,
    pg_temp.generated_until() - pg_temp.signed_up_at(u.id) AS tenure
FROM generate_series(1, pg_temp.generated_users()) AS u (id)
CROSS JOIN LATERAL generate_series(
    1,
    CASE
        WHEN u.id % 8 = 5 THEN 0
        WHEN u.id % 1000 = 0 THEN 600
        WHEN u.id % 100 = 0 THEN 240
        WHEN u.id % 5 = 0 THEN 54
        ELSE 7
    END
) AS s (slot);

-- Words of Portuguese marketing, and words made from them; the first are the most used.
CREATE TEMPORARY TABLE words AS
SELECT
    base.word || ending.word AS word,
    row_number() OVER (ORDER BY ending.number, base.number)::integer AS number
FROM
    regexp_split_to_table(
        'de a o para que com em uma sua nossa você mais campanha loja clientes produtos oferta '
        'vendas marca conteúdo desconto novidade promoção público resultado estratégia anúncio '
        'mensagem descubra aproveite qualidade experiência atendimento confiança compra entrega '
        'frete pagamento coleção verão inverno primavera lançamento exclusivo melhor preço semana '
        'hoje agora crescimento engajamento seguidores postagem imagem vídeo texto título chamada '
        'artigo receita dica guia passo simples rápido fácil seguro gratuito premium negócio '
        'empresa equipe mercado concorrência análise relatório métrica conversão funil jornada '
        'cadastro boletim assinatura plano crédito tecnologia inteligência artificial automação '
        'ferramenta plataforma integração suporte treinamento saúde beleza moda esporte viagem '
        'comida bebida casa jardim decoração móveis infantil brinquedos livros música cinema '
        'jogos educação curso aula professor aluno escola universidade carreira emprego salário '
        'finanças investimento banco cartão seguro imóvel aluguel construção reforma carro moto '
        'bicicleta transporte logística agricultura fazenda café açúcar chocolate queijo natureza '
        'sustentável reciclagem energia solar água cidade bairro praia montanha férias família '
        'amigos mães pais namorados natal páscoa carnaval aniversário casamento festa presente '
        'surpresa criatividade inspiração sonho futuro história tradição cultura artesanal '
        'brasileiro nordestino paulista mineiro carioca gaúcho baiano amazônico digital '
        'presencial híbrido remoto',
        ' '
    ) WITH ORDINALITY AS base (word, number)
CROSS JOIN
    regexp_split_to_table(
        ' s inho inha eiro eira ista ismo mente dade ável agem oso osa ção dor dora ário ante ura',
        ' '
    ) WITH ORDINALITY AS ending (word, number);

-- Texts to choose from: mostly short, a few of a thousand words.
CREATE TEMPORARY TABLE texts AS
WITH lengths AS (
    SELECT
        n AS number,
        20 + floor(980 * pg_temp.draw(n, 90) ^ 6)::integer AS word_count
    FROM generate_series(0, pg_temp.generated_texts() - 1) AS n
),

written AS (
    SELECT
        l.number,
        i AS place,
        1 + floor(
            (SELECT count(*) FROM words) * pg_temp.draw(l.number * 10000 + i, 91) ^ 3
        )::integer AS word_number
    FROM lengths AS l
    CROSS JOIN LATERAL generate_series(1, l.word_count) AS i
)

SELECT
    t.number,
    string_agg(
        w.word || CASE WHEN t.place % 11 = 0 THEN '.' WHEN t.place % 7 = 0 THEN ',' ELSE '' END,
        ' ' ORDER BY t.place
    ) AS body
FROM written AS t
INNER JOIN words AS w ON t.word_number = w.number
GROUP BY t.number;

-- What tasks are about: each model serves the task types that it lists, and a few do most of the work.
CREATE TEMPORARY TABLE kinds AS
WITH pairs AS (
    SELECT
        t.id AS task_type_id,
        m.id AS provider_model_id,
        coalesce(m.cost_per_credit, t.default_credit_cost) AS credit_cost,
        CASE
            WHEN t.category IN ('content', 'marketing', 'development') THEN 'text'
            WHEN t.category IN ('visual', 'design') THEN 'image'
            WHEN t.category = 'analytics' THEN 'data'
            ELSE t.category
        END AS content_type,
        row_number() OVER (ORDER BY hashtext(t.type_name || m.provider || m.model_name)) AS rank
    FROM provider_models AS m
    CROSS JOIN LATERAL jsonb_array_elements_text(m.task_types) AS listed (type_name)
    INNER JOIN task_types AS t ON listed.type_name = t.type_name
),

weighed AS (
    SELECT
        p.*,
        1024 * sum(1.0 / p.rank) OVER (ORDER BY p.rank) / sum(1.0 / p.rank) OVER () AS weight_until
    FROM pairs AS p
)

SELECT
    b.bucket,
    w.task_type_id,
    w.provider_model_id,
    w.credit_cost,
    w.content_type
FROM (
    SELECT
        weighed.*,
        lag(weighed.weight_until, 1, 0.0) OVER (ORDER BY weighed.rank) AS weight_from
    FROM weighed
) AS w
CROSS JOIN LATERAL generate_series(
    ceil(w.weight_from)::integer, ceil(w.weight_until)::integer - 1
) AS b (bucket);

ANALYZE owners, words, texts, kinds;
