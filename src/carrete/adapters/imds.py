"""EC2's instance metadata service, version 2: is this machine about to be taken away?

Two items tell (Amazon EC2 User Guide, "Spot Instance interruption notices"; Amazon EC2 Auto Scaling
User Guide, "Retrieve the target lifecycle state through instance metadata"). Both answer 404 while
there is nothing to tell. A spot machine has two minutes from the first; one that an autoscaling
group ends has what the group's lifecycle hook grants. Version 2 wants a session token with each
request, which the service gives to a PUT only.
"""

import httpx

from carrete.domain.failures import TransientError

TOKEN = "latest/api/token"  # noqa: S105 - a path
INTERRUPTION = "latest/meta-data/spot/instance-action"
LIFECYCLE = "latest/meta-data/autoscaling/target-lifecycle-state"
TERMINATED = "Terminated"

TOKEN_S = 21600
"""Seconds that a token is valid: the most that can be asked for."""

TIMEOUT_S = 2.0
"""Seconds until the service, which is on the same host, counts as silent."""

LONGEST_ANSWER = 200


class Imds:
    """Conforms to ``ports.Notices``."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        """Use an open client whose base URL is the service; whoever opened it closes it."""
        self._http = http
        self._token = ""

    async def pending(self) -> str | None:
        """See the port."""
        try:
            interruption = await self._read(INTERRUPTION)
            if interruption is not None:
                return f"spot interruption: {interruption}"
            state = await self._read(LIFECYCLE)
        except httpx.HTTPError as exc:
            msg = f"asking the instance metadata service: {type(exc).__name__} {exc}"
            raise TransientError(msg) from exc
        return "the autoscaling group ends it" if state == TERMINATED else None

    async def _read(self, path: str) -> str | None:
        """An item, or nothing where there is none."""
        if not self._token:
            await self._renew()
        answer = await self._ask(path)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            await self._renew()
            answer = await self._ask(path)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return answer.raise_for_status().text.strip()[:LONGEST_ANSWER]

    async def _ask(self, path: str) -> httpx.Response:
        return await self._http.get(path, headers={"X-aws-ec2-metadata-token": self._token})

    async def _renew(self) -> None:
        headers = {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_S)}
        answer = await self._http.put(TOKEN, headers=headers)
        self._token = answer.raise_for_status().text


def open_imds(url: str) -> httpx.AsyncClient:
    """A client for the service at ``url``; never through a proxy."""
    return httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S, trust_env=False)
