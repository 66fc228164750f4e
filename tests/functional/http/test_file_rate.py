"""Files have a rate of their own, by slowapi: over Redis for all processes, in this one while Redis is away."""

import pytest
from tests.factories.web.application import NOWHERE, resources_over, web_over

NO_SUCH_FILE = "/api/raw/" + "0" * 64


@pytest.mark.parametrize("with_redis", [True, False], ids=["redis", "no redis"])
async def test_one_file_too_many_in_a_minute_is_refused_with_the_code_and_the_wait(
    sqlite_engine, redis_url, with_redis
):
    url = redis_url if with_redis else NOWHERE
    resources = resources_over(sqlite_engine, redis_url=url, file_rate=3, MKTDASH_REDIS_URL=url)
    async with web_over(resources) as web:
        answers = [await web.client.get(NO_SUCH_FILE) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
        body = answers[-1].json()
        assert (body["code"], body["aMinute"]) == ("THROTTLED", 3)
        # What is no file is not counted with them.
        assert (await web.client.get("/api/health/live")).status_code == 200


async def test_two_processes_count_together(sqlite_engine, redis_url):
    def resources():
        return resources_over(sqlite_engine, redis_url=redis_url, file_rate=3, MKTDASH_REDIS_URL=redis_url)

    async with web_over(resources()) as one, web_over(resources()) as other:
        statuses = [(await web.client.get(NO_SUCH_FILE)).status_code for web in (one, other, one, other)]
    assert statuses == [404, 404, 404, 429]
