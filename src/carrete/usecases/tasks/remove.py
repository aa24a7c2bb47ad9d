"""``remove``: delete everything that belongs to a video."""

from carrete.ports import Completion
from carrete.usecases.tasks.bench import Bench


async def remove(bench: Bench) -> Completion:
    """Delete a video's objects; its rows go when the task is completed."""
    found = await bench.jobs.removal(bench.claim.task.video_id)
    if found is not None:
        if found.upload_id is not None:
            await bench.objects.abort_upload(found.original_key, found.upload_id)
        await bench.objects.delete([found.original_key, *found.keys])
    return Completion(result={})
