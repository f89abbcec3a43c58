--
-- PostgreSQL database dump
--

-- Stands in for what pg_dump writes of production; its rows are made as it is restored.
SET statement_timeout = 0;
SET client_encoding = 'UTF8';

CREATE TABLE public.agents (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE
);

CREATE TABLE public.tickets (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'waiting', 'closed')),
    agent_id bigint REFERENCES public.agents (id),
    opened_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX tickets_agent ON public.tickets (agent_id);

CREATE TABLE public.messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id bigint NOT NULL REFERENCES public.tickets (id),
    agent_id bigint REFERENCES public.agents (id),
    body text NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX messages_ticket ON public.messages (ticket_id);

CREATE TABLE public.flyway_schema_history (
    installed_rank integer PRIMARY KEY,
    version varchar(50),
    description varchar(200) NOT NULL,
    type varchar(20) NOT NULL,
    script varchar(1000) NOT NULL,
    checksum integer,
    installed_by varchar(100) NOT NULL,
    installed_on timestamp NOT NULL DEFAULT now(),
    execution_time integer NOT NULL,
    success boolean NOT NULL
);

INSERT INTO public.flyway_schema_history
VALUES
    (1, '1', 'tickets', 'SQL', 'V1__tickets.sql', 1, 'flyway', '2026-01-05', 21, true),
    (2, '2', 'messages', 'SQL', 'V2__messages.sql', 2, 'flyway', '2026-01-19', 17, true);

INSERT INTO public.agents (email)
SELECT format('agent%s@example.org', n)
FROM generate_series(1, 50) AS n;

INSERT INTO public.tickets (subject, status, agent_id, opened_at)
SELECT
    format('Question %s', n),
    (ARRAY['open', 'waiting', 'closed'])[1 + n % 3],
    1 + n % 50,
    '2026-01-05'::timestamptz + n * interval '5 minutes'
FROM generate_series(1, 6000) AS n;

-- Every other message is a customer's, whom no agent stands for.
INSERT INTO public.messages (ticket_id, agent_id, body, written_at)
SELECT
    1 + n % 6000,
    CASE WHEN n % 2 = 0 THEN 1 + n % 50 END,
    repeat('words ', 1 + n % 20),
    '2026-01-19'::timestamptz + n * interval '1 minute'
FROM generate_series(1, 18000) AS n;

--
-- PostgreSQL database dump complete
--
