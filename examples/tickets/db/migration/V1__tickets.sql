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
