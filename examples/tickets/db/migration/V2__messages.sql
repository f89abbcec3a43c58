CREATE TABLE public.messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id bigint NOT NULL REFERENCES public.tickets (id),
    agent_id bigint REFERENCES public.agents (id),
    body text NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX messages_ticket ON public.messages (ticket_id);
