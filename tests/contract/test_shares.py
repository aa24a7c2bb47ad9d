import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tests.contract.conftest import Stores

from carrete.domain.ids import new_id
from carrete.domain.share import MAX_SHARES, NewShare, TooManySharesError, new_secret, new_token
from carrete.domain.video import Video
from carrete.ports import NotFoundError


def wanted(owner: UUID, video: Video, lasts: timedelta | None = None) -> NewShare:
    return NewShare(
        id=new_id(),
        video_id=video.id,
        owner_id=owner,
        token=new_token(),
        password_hash="hash",
        secret=new_secret(),
        allow_download=True,
        expires_at=datetime.now(UTC) + lasts if lasts else None,
    )


async def test_a_link_is_found_by_its_token_and_listed(stores: Stores) -> None:
    owner = (await stores.account()).id
    video, other = await stores.upload(owner), await stores.upload(owner)
    new = wanted(owner, video)
    share = await stores.shares.add_share(new)
    await stores.shares.add_share(wanted(owner, other))
    assert (share.id, share.token, share.secret, share.views) == (new.id, new.token, new.secret, 0)
    await stores.shares.count_view(share.id)
    found = await stores.shares.find_share(new.token)
    assert found is not None
    assert (found.id, found.video_id, found.password_hash, found.views) == (
        share.id,
        video.id,
        "hash",
        1,
    )
    assert await stores.shares.shares(owner, video.id) == [found]
    assert await stores.shares.find_share(new_token()) is None


async def test_a_link_ends_by_itself(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.upload(owner)
    share = await stores.shares.add_share(wanted(owner, video, timedelta(seconds=60)))
    assert await stores.shares.find_share(share.token) is not None
    await stores.elapse(61)
    assert await stores.shares.find_share(share.token) is None
    assert [one.id for one in await stores.shares.shares(owner, video.id)] == [share.id]


async def test_a_link_ends_with_its_owner_its_video_and_by_its_owner(stores: Stores) -> None:
    ana, eva = await stores.account("ana"), await stores.account("eva")
    videos = [await stores.upload(ana.id) for _ in range(3)]
    links = [await stores.shares.add_share(wanted(ana.id, video)) for video in videos]
    for attempt in (
        stores.shares.remove_share(eva.id, videos[0].id, links[0].id),
        stores.shares.remove_share(ana.id, videos[1].id, links[0].id),
        stores.shares.remove_share(ana.id, videos[0].id, new_id()),
        stores.shares.shares(eva.id, videos[0].id),
        stores.shares.add_share(wanted(eva.id, videos[0])),
    ):
        with pytest.raises(NotFoundError):
            await attempt
    await stores.shares.remove_share(ana.id, videos[0].id, links[0].id)
    await stores.videos.request_removal(ana.id, videos[1].id)
    assert await stores.shares.find_share(links[0].token) is None
    assert await stores.shares.find_share(links[1].token) is None
    assert await stores.shares.find_share(links[2].token) is not None
    await stores.accounts.remove_account(ana.id)
    assert await stores.shares.find_share(links[2].token) is None


async def test_a_video_has_so_many_links_also_when_they_are_made_at_once(stores: Stores) -> None:
    owner = (await stores.account()).id
    video = await stores.upload(owner)

    async def add() -> bool:
        try:
            await stores.shares.add_share(wanted(owner, video))
        except TooManySharesError:
            return False
        return True

    made = await asyncio.gather(*(add() for _ in range(MAX_SHARES + 5)))
    assert sum(made) == MAX_SHARES == len(await stores.shares.shares(owner, video.id))
