"""Keep, in the transaction of a fact, that it is to be told to each subscription that wants it."""

from tessera.outbox.services import with_facts

# Which facts `f` a subscription `s` wants.
WANTS = "(f.name = ANY(s.events) OR split_part(f.name, '.', 1) || '.*' = ANY(s.events) OR '*' = ANY(s.events))"

with_facts(
    f"""
    INSERT INTO webhooks_webhookdelivery
        (id, subscription_id, event, name, subject, seq, recorded_at, state, attempts, due_at)
    SELECT uuidv7(), s.id, f.id, f.name, f.subject, f.seq, %(now)s, 'pending', 0, %(now)s
    FROM facts f JOIN webhooks_webhooksubscription s ON s.state = 'active' AND {WANTS}
    """  # noqa: S608  (our own text)
)
