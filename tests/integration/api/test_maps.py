"""What the video page shows of the work, over HTTP and real stores."""

from tests.integration.api.problems import assert_problem
from tests.integration.api.published import plan
from tests.integration.api.serving import Client, Service

from carrete.api.schemas import Renditions, Timeline, VideoMap


async def test_a_finished_video_shows_its_work_and_its_versions(own_service: Service) -> None:
    ana = await own_service.account("ana")
    video = await ana.upload()
    url = f"/api/videos/{video['id']}"
    before = VideoMap.model_validate((await ana.http.get(f"{url}/map")).json())
    assert (len(before.chunks), [task.kind for task in before.tasks]) == (0, ["prepare"])
    await own_service.finish(ana.id, video["id"])
    found = VideoMap.model_validate((await ana.http.get(f"{url}/map")).json())
    assert len(found.chunks) == len(plan().chunks)
    assert [one.name for one in found.renditions] == [one.name for one in plan().renditions]
    assert [(one.rendition, one.chunk) for one in found.cells] == [(plan().top.name, 0)]
    made = Renditions.model_validate((await ana.http.get(f"{url}/renditions")).json())
    assert (made.items[0].size_bytes, made.items[0].average_bps) == (600, 2000)
    assert made.items[0].vmaf is None
    assert made.audio is not None
    assert made.original.average_bps is None
    shown = (await ana.http.get(url)).json()
    assert (shown["has_poster"], shown["has_storyboard"], shown["playable"]) == (True, True, True)


async def test_a_videos_events_are_read_in_pages(service: Service, ana: Client) -> None:
    video = (await ana.create())["video"]["id"]
    await ana.http.patch(f"/api/videos/{video}", json={"name": "other.mp4"})
    url = f"/api/videos/{video}/events"
    first = Timeline.model_validate((await ana.http.get(f"{url}?limit=1")).json())
    assert [event.type for event in first.items] == ["video.uploading"]
    rest = await ana.http.get(f"{url}?after={first.next_after}")
    page = Timeline.model_validate(rest.json())
    assert ([event.type for event in page.items], page.next_after) == (["video.renamed"], None)
    for bad in ("after=-1", "after=x", "limit=0", "limit=501"):
        assert_problem(await ana.http.get(f"{url}?{bad}"), 422, "invalid_request")
