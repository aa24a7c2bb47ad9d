"""Which task runs next: fair among owners, first seconds first, nobody starves (ADR 2)."""

from carrete.adapters.postgres.engine import TURN_LOCK

AGED_S = 30
"""Seconds of waiting after which a task counts as urgent, so that a stream of first chunks of
some owners can't hold back the later chunks of others for ever."""

# Among all owners with waiting tasks, each owner's best ones are candidates. Between candidates
# the order is: urgency; then the owner with the fewest running tasks; then the owner who was
# served longest ago. One owner's thousand tasks thus weigh as much as another's single one.
# The owners are found by a loose index scan (a few index look-ups each), so that the cost grows
# with the number of owners who wait, not with the number of their tasks.
#
# Claims that are open at the same time don't see each other: all would serve the same owner. So
# each tries to lock an owner's turn, in that order, and what is equally urgent goes to the owner
# whose turn it got. Nothing waits: where all turns are taken, or the owner has nothing left that
# is as urgent, the order stands as it is. ``line`` is materialized, so that the locks are tried
# in its order and only as far as one is got.
PICK = f"""
WITH RECURSIVE waiting AS (
    (SELECT owner_id FROM task WHERE state = 'pending' ORDER BY owner_id LIMIT 1)
    UNION ALL
    SELECT (SELECT t.owner_id FROM task t
            WHERE t.state = 'pending' AND t.owner_id > w.owner_id ORDER BY t.owner_id LIMIT 1)
    FROM waiting w WHERE w.owner_id IS NOT NULL
),
running AS (
    SELECT owner_id, count(*) AS n FROM task WHERE state = 'running' GROUP BY owner_id
),
best AS (
    SELECT b.*, w.owner_id, o.served_at, coalesce(r.n, 0) AS running,
           CASE WHEN b.run_after < now() - interval '{AGED_S} s' THEN 0 ELSE b.priority END
               AS urgency
    FROM waiting w CROSS JOIN LATERAL (
        SELECT t.id, t.priority, t.run_after, t.created_at, t.index FROM task t
        WHERE t.owner_id = w.owner_id AND t.state = 'pending' AND t.run_after <= now()
            AND t.video_id <> ALL(CAST(:passed AS uuid[]))
        ORDER BY t.priority, t.created_at, t.index, t.id LIMIT :depth
    ) b
    LEFT JOIN running r ON r.owner_id = w.owner_id
    LEFT JOIN owner_turn o ON o.owner_id = w.owner_id
    WHERE w.owner_id IS NOT NULL
),
line AS MATERIALIZED (
    SELECT id, owner_id, served_at, urgency, row_number() OVER (ORDER BY urgency, running,
        served_at NULLS FIRST, priority, created_at, index, id) AS place
    FROM best ORDER BY place
),
turn AS MATERIALIZED (
    SELECT owner_id FROM line
    WHERE pg_try_advisory_xact_lock({TURN_LOCK}, hashtext(owner_id::text)) LIMIT 1
)
SELECT t.id, t.video_id, t.owner_id, t.kind, l.served_at, n.owner_id IS NOT NULL AS in_turn
FROM line l
JOIN task t ON t.id = l.id
LEFT JOIN turn n ON n.owner_id = l.owner_id
WHERE t.state = 'pending'
ORDER BY l.urgency, n.owner_id IS NULL, l.place
LIMIT 1
FOR UPDATE OF t SKIP LOCKED
"""  # noqa: S608 - constants of two modules

DEPTHS = (8, 512)
"""How many of an owner's best tasks are looked at, and how many where others hold all of those: a
claim returns with nothing only when nothing is to be had. Few, since every owner's are sorted."""

TAKE = """
UPDATE task t SET state = 'running', attempt = t.attempt + 1, worker = :worker, progress = 0,
    lease_until = now() + make_interval(secs => :lease), started_at = now(), finished_at = NULL,
    failure = NULL, detail = NULL
FROM job j, video v
WHERE t.id = :id AND j.id = t.job_id AND v.id = t.video_id
RETURNING {columns}, j.plan AS job_plan, j.profile AS job_profile, j.traceparent AS job_traceparent,
    v.extension AS source_extension, v.size_bytes AS source_bytes
"""

# Changes nothing where the owner was served since ``PICK`` looked: the claim then saw an order that
# is no longer true. Only who has the owner's turn writes this, so that claims don't wait here.
SERVED = """
INSERT INTO owner_turn AS o (owner_id, served_at) VALUES (:owner, clock_timestamp())
ON CONFLICT (owner_id) DO UPDATE SET served_at = excluded.served_at
    WHERE o.served_at IS NOT DISTINCT FROM CAST(:seen AS timestamptz)
RETURNING owner_id
"""

# The video of a first task starts to be processed. Its row may be locked by its owner canceling
# or deleting it, who then waits for the task's row: skip, never wait (see ``changes``).
START_VIDEO = """
UPDATE video SET state = 'processing', started_at = now(), updated_at = now()
WHERE id IN (SELECT id FROM video WHERE id = :video AND state IN ('queued', 'processing')
             FOR UPDATE SKIP LOCKED)
RETURNING id
"""

BEAT = """
WITH beat AS (
    UPDATE task SET lease_until = now() + make_interval(secs => :lease),
        progress = greatest(progress, :progress)
    WHERE id = :id AND attempt = :attempt AND state = 'running'
    RETURNING job_id, owner_id, video_id, kind, index, attempt, progress
)
SELECT b.*, (
    SELECT least(1.0, coalesce(sum(t.weight * t.progress), 0) / greatest(j.total_weight, 1e-9))
    FROM job j LEFT JOIN task t ON t.job_id = j.id WHERE j.id = b.job_id GROUP BY j.total_weight
) AS overall, now() AS at
FROM beat b
"""
