"""Faults of the stores, one by one."""

import random
from types import SimpleNamespace
from typing import cast

import pytest
from chaos.faults import BY_NAME
from chaos.faults.stores import QUEUE, STORE
from chaos.gateway import Gateway
from chaos.spells import SENDING, Hang, Refuse, Share
from chaos.world import World


@pytest.mark.parametrize("name", [fault.name for fault in (*STORE, *QUEUE)])
async def test_a_fault_of_a_store_is_one_spell_on_it_until_it_is_healed(name: str) -> None:
    gateway = Gateway()
    world = cast("World", SimpleNamespace(gateway=gateway))
    fault = BY_NAME[name](random.Random(0).randrange(1 << 32), 3.0)
    await fault.strike(world)
    (spell,) = cast("list[Share]", gateway.spells)
    assert spell.service == name.partition(".")[0]
    sends_only = name in {"sqs.drop", "sqs.double", "sqs.late-and-out-of-order"}
    assert spell.actions == (SENDING if sends_only else frozenset())
    assert not isinstance(spell, Hang) or spell.seconds == fault.lasts_s
    assert not isinstance(spell, Refuse) or spell.status == (503 if "slow" in name else 500)
    await fault.heal(world)
    assert gateway.spells == []
