"""The settings that a run gives to the system: the usual ones with shorter times.

A lease of 4 s instead of 20 makes a run of a minute meet what takes five minutes otherwise. The
proportions are kept: a heartbeat is a fraction of a lease, a sweep's grace outlasts every freeze.
"""

LEASE_S = 4.0
LONGEST_FREEZE_S = 2 * LEASE_S
ABANDONED_S = 20.0
SWEEP_GRACE_S = 15.0
SCRATCH_BYTES = 600 << 20
"""Size of the scratch disk; a worker keeps 256 MiB of it free."""

ENVIRONMENT = {
    "CARRETE_LEASE_S": f"{LEASE_S:g}",
    "CARRETE_HEARTBEAT_S": "0.4",
    "CARRETE_VISIBILITY_S": "8",
    "CARRETE_RECONCILE_S": "0.5",
    "CARRETE_RESEND_S": "5",
    "CARRETE_STOP_GRACE_S": "1",
    "CARRETE_STALL_S": "20",
    "CARRETE_SWEEP_GRACE_S": f"{SWEEP_GRACE_S:g}",
    "CARRETE_UPLOAD_EXPIRY_S": f"{ABANDONED_S:g}",
    "CARRETE_SIGNIN_LIMIT": "1000",
    # Two workers share what cores there are.
    "CARRETE_WORKER_THREADS": "1",
}
