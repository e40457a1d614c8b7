"""Sends calls: slots, pace, retries and the run's deadline; every call ends as an answer or a gap, never as a hang."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Protocol

from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.core.rest import AsyncHttpResponse, HttpRequest

from mzaudit.azure.client.call import Answer, Call
from mzaudit.azure.client.clock_skew import Skew
from mzaudit.azure.client.connection import AnswerMemory, Retry
from mzaudit.azure.client.failures import HostRefusedError, WriteRefusedError
from mzaudit.azure.client.gaps import answer_of, from_error
from mzaudit.azure.client.rate_limiter import RateLimiter
from mzaudit.azure.client.response_body import LARGEST, BodyError
from mzaudit.errors import MzauditError
from mzaudit.snapshot.observed import Gap, GapReason

_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
# refusals of a bucket that all requests of a lane share; any other may be of one provider's, or of one resource's
_SHARED = frozenset(
    {"ResourceRequestsThrottled", "SubscriptionRequestsThrottled", "TenantRequestsThrottled", "Throttled"}
)
_TRIES_WITHOUT_ANSWER = 3


class SdkClient(Protocol):
    """The part of every SDK client that is used: its own pipeline."""

    def send_request(
        self, request: HttpRequest, *, stream: bool = False, largest: int = LARGEST
    ) -> Awaitable[AsyncHttpResponse]:
        """Send through authentication, guard and transport; of the body at most `largest` bytes are read."""
        ...


class Session:
    """The run's sender. `deadline` is on the running loop's clock; `answered` counts the answers so far, and `skew`
    compares the time that they tell. What `memory` holds of a request is not asked for."""

    def __init__(self, retry: Retry, deadline: float, memory: AnswerMemory | None = None) -> None:
        self._retry = retry
        self._memory = memory
        self.deadline = deadline
        self.answered = 0
        self.skew = Skew()

    async def send(
        self, client: SdkClient, lane: RateLimiter, call: Call, url: str, largest: int = LARGEST
    ) -> Answer | Gap:
        """Send one request (a call, or one page of it) until it is answered, refused, or out of time.

        Whatever the SDK raises on the way is the call's gap; only what ends the run passes.
        """
        overdue = call.gap(GapReason.TIMEOUT, "the run's time was up")
        if asyncio.get_running_loop().time() >= self.deadline:
            return overdue
        if self._memory is not None:
            known = self._memory.recall(call.method, url, call.body)
            if isinstance(known, Answer):
                return known
        try:
            async with asyncio.timeout_at(self.deadline), lane.turn(first=call.leads):
                found = await self._send_with_retries(client, lane, call, url, largest)
        except TimeoutError:
            return overdue
        if self._memory is not None and isinstance(found, Answer):
            self._memory.keep(call.method, url, call.body, found)
        return found

    async def _send_with_retries(
        self, client: SdkClient, lane: RateLimiter, call: Call, url: str, largest: int
    ) -> Answer | Gap:
        patience = _Patience(self._retry, lane)
        last: Answer | Gap = call.gap(GapReason.TIMEOUT, "no answer in time")
        for attempt in range(patience.tries):
            if not patience.hurried:
                await lane.take()
            patience.begin()
            try:
                async with asyncio.timeout(patience.left):
                    last = await _once(client, call, url, largest)
            except TimeoutError as error:
                last = from_error(call, error)
                break
            except (MemoryError, MzauditError):
                raise
            except Exception as error:  # noqa: BLE001 - the net of every call: no other one suffers
                last = _answered(error) or from_error(call, error)
                if isinstance(last, Gap) and _final(error, last):
                    return last
                if isinstance(last, Gap) and attempt + 1 >= _TRIES_WITHOUT_ANSWER:
                    break
            if isinstance(last, Answer):
                self._heard(call, last)
                if last.status not in _AGAIN:
                    lane.answered(last.headers)
                    return replace(last, took=last.took + patience.tried)
            wait = patience.wait_after(last, attempt)
            if wait is None:
                break
            await asyncio.sleep(wait)
        patience.worn_out()
        return last

    def _heard(self, call: Call, answer: Answer) -> None:
        self.answered += 1
        if call.target.startswith("/"):  # Resource Manager's
            self.skew.heard(answer.headers)


class _Patience:
    """How long one call may still be tried: `left` seconds of its own budget, of which `tried` were spent on answers
    that were no refusal for number. A service that has just worn out one call gets no long patience from the next
    (`hurried`): the run must end in time."""

    def __init__(self, retry: Retry, lane: RateLimiter) -> None:
        self._retry = retry
        self._lane = lane
        self._clock = asyncio.get_running_loop().time
        self._started = self._begun = self._clock()
        self.hurried = lane.exhausted
        self.tries = 1 if self.hurried else retry.tries
        self.left = retry.budget_when_exhausted if self.hurried else retry.budget
        self.tried = 0.0

    def begin(self) -> None:
        """A try begins."""
        self._begun = self._clock()

    def wait_after(self, last: Answer | Gap, attempt: int) -> float | None:
        """How many seconds to wait before the next try; None where there is none."""
        throttled = isinstance(last, Answer) and _throttles(last)
        if isinstance(last, Answer) and throttled:
            shared = last.code() in _SHARED
            self._lane.refused(min(_retry_after(last), self.left if shared else self._retry.longest), shared=shared)
        wait = _wait(last, self._retry, attempt)
        spent = self._clock() - self._begun + wait
        self.tried += 0.0 if throttled else spent
        # waiting for one's turn is no fault of the service, as long as others are served meanwhile
        self.left -= spent
        silent = self._clock() - max(self._started, self._lane.worked) + wait
        over = min(self.left, self._retry.budget - silent) <= 0 or attempt + 1 >= self._retry.tries
        return None if over or self._lane.exhausted else wait

    def worn_out(self) -> None:
        """No try was answered: the next call of this service is hurried, unless another was served meanwhile."""
        self._lane.exhausted = self._lane.worked < self._started


def _final(error: Exception, gap: Gap) -> bool:
    """Whether another try would end alike."""
    ours = isinstance(error, (WriteRefusedError, HostRefusedError, ClientAuthenticationError))
    return ours or gap.reason is GapReason.INTERNAL


async def _once(client: SdkClient, call: Call, url: str, largest: int) -> Answer:
    # streaming keeps the SDK's pipeline from decoding the body: an HTML page is then an answer like any other
    headers = {"Content-Type": "application/json"} if call.body else {}
    request = HttpRequest(call.method, url, headers=headers, content=call.body or None)
    clock = asyncio.get_running_loop().time
    begun = clock()
    response = await client.send_request(request, stream=True, largest=largest)
    headers = {name.casefold(): value for name, value in response.headers.items()}
    try:
        body = await response.read()
    except BodyError as error:
        return Answer(response.status_code, headers, b"", clock() - begun, error.why)
    finally:
        await response.close()
    return Answer(response.status_code, headers, body, clock() - begun)


def _answered(error: BaseException) -> Answer | None:
    """The answer to retry on, if a token exchange inside the SDK was throttled or failed."""
    if isinstance(error, HttpResponseError) and error.status_code in _AGAIN:
        return answer_of(error, error.status_code)
    return None


def _throttles(answer: Answer) -> bool:
    """Whether a refusal is for the number of requests, whatever its code; 503 is so where it says until when."""
    return answer.status == 429 or (answer.status == 503 and _retry_after(answer) > 0)


def _wait(last: Answer | Gap, retry: Retry, attempt: int) -> float:
    own = float(min(retry.longest, retry.first * 2**attempt))
    return own if isinstance(last, Gap) else max(own, _retry_after(last))


def _retry_after(answer: Answer) -> float:
    for name, seconds in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = answer.headers.get(name, "").strip()
        if value.isascii() and value.isdigit():
            return int(value[:9]) * seconds
        if value and name == "retry-after":
            return _until(value, answer.headers.get("date", ""))
    return 0.0


def _until(moment: str, now: str) -> float:
    try:
        return max(0.0, (parsedate_to_datetime(moment) - parsedate_to_datetime(now)).total_seconds())
    except (ValueError, TypeError, OverflowError):  # no date, one without a zone beside one with, the end of time
        return 0.0
