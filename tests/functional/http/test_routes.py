"""The routes beside GraphQL: health, files, the page, and what all answers carry."""

import gzip
import hashlib
from datetime import UTC, datetime

import brotli
import pytest
from tests.factories.jobs.report_runs import end_report, request_report
from tests.factories.web.application import resources_over, web_over

from mktdash.domain.clock import MICROS_PER_SECOND, to_micros
from mktdash.store.jobs.reports import NewArtifact
from mktdash.store.live.heartbeats import BeatRow, beat

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
BROTLI = brotli.compress(b"console.log(1)")


@pytest.fixture
def bundle(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>mktdash</title>")
    (tmp_path / "assets" / "main-3f2a.js").write_text("console.log(1)")
    (tmp_path / "assets" / "main-3f2a.js.br").write_bytes(BROTLI)
    (tmp_path / "assets" / "main-3f2a.js.gz").write_bytes(gzip.compress(b"console.log(1)"))
    (tmp_path / "icon.svg").write_text("<svg/>")
    return tmp_path


@pytest.fixture
async def web(sqlite_engine, bundle):
    async with web_over(resources_over(sqlite_engine, static_dir=bundle, clock=lambda: NOW)) as opened:
        yield opened


async def heard(engine, kind, seconds_ago=0.0):
    now = to_micros(NOW)
    await beat(engine, BeatRow(kind, kind, "h", 1, now, now - int(seconds_ago * MICROS_PER_SECOND), {}))


async def test_ready_when_every_part_is_good(engine, redis_url):
    async with web_over(resources_over(engine, redis_url=redis_url, clock=lambda: NOW)) as web:
        await heard(engine, "worker")
        await heard(engine, "feed", 5)

        response = await web.client.get("/api/health/ready")

    body = response.json()
    assert response.status_code == 200, body
    assert body["status"] == "ok"
    assert set(body["checks"]) == {"database", "redis", "worker", "feed"}
    assert all("age_s" in check for check in body["checks"].values())
    assert body["checks"]["feed"]["age_s"] == 5


async def test_not_ready_while_a_process_is_silent_or_redis_is_away(web):
    engine = web.resources.engine
    await heard(engine, "worker", 60)

    response = await web.client.get("/api/health/ready")

    checks = response.json()["checks"]
    assert response.status_code == 503
    assert checks["database"]["status"] == "ok"
    assert checks["redis"]["status"] == "down"
    assert "no heartbeat for 60 s" in checks["worker"]["reason"]
    assert checks["feed"]["reason"] == "no process is running"


async def test_the_quality_route_says_what_the_data_are_worth(web):
    assert (await web.client.get("/api/health/data-quality")).json()["datasets"] == []
    assert (await web.client.get("/api/health/data-quality?strict=1")).status_code == 200


@pytest.fixture
async def run(web):
    """A finished run with an HTML and a PDF file."""
    files = [
        NewArtifact("html", "text/html; charset=utf-8", hashlib.sha256(b"<p>hi").hexdigest(), b"<p>hi"),
        NewArtifact("pdf", "application/pdf", hashlib.sha256(b"%PDF-1.7").hexdigest(), b"%PDF-1.7"),
    ]
    queued = await request_report(web.resources.engine, now=to_micros(NOW))
    await end_report(web.resources.engine, queued, *files)
    return queued


async def test_a_report_file_comes_with_all_a_browser_needs(web, run):
    response = await web.client.get(f"/api/reports/{run.id}/html")

    assert response.content == b"<p>hi"
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-disposition"] == f'inline; filename="mktdash-{run.id}.html"'
    assert response.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert response.headers["x-content-type-options"] == "nosniff"
    again = await web.client.get(f"/api/reports/{run.id}/html", headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/api/reports/{id}/csv", "/api/reports/nope/pdf", "/api/reports/{id}/..%2f", "/api/reports/{id}/PDF"]
)
async def test_a_file_that_is_not_there_is_a_problem_document(web, run, path):
    response = await web.client.get(path.format(id=run.id))

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "NOT_FOUND"
    assert response.json()["requestId"] == response.headers["x-request-id"]


async def test_the_document_answers_every_path_that_is_not_the_apis(web):
    for path in ("/", "/series/EURUSD", "/reports"):
        response = await web.client.get(path)

        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-cache"
        assert "mktdash" in response.text
    for path in ("/api/nope", "/assets/nope.js", "/nope.png", "/graphql/nope"):
        assert (await web.client.get(path)).status_code == 404


async def test_named_files_are_kept_for_ever_and_sent_packed(web):
    packed = await web.client.send(
        web.client.build_request("GET", "/assets/main-3f2a.js", headers={"accept-encoding": "gzip, br"}), stream=True
    )
    raw = b"".join([piece async for piece in packed.aiter_raw()])
    plain = await web.client.get("/assets/main-3f2a.js", headers={"accept-encoding": "identity"})

    assert raw == BROTLI
    assert packed.headers["content-encoding"] == "br"
    assert packed.headers["content-type"].startswith("text/javascript")
    assert "immutable" in packed.headers["cache-control"]
    assert packed.headers["vary"] == "accept-encoding"
    assert plain.text == "console.log(1)"


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/assets/%2e%2e%2f%2e%2e%2fsecret.txt"]
)
async def test_no_path_leads_out_of_the_bundle(web, bundle, path):
    (bundle.parent / "secret.txt").write_text("secret")

    assert "secret" not in (await web.client.get(path)).text


async def test_a_symbol_with_a_dot_is_a_path_of_the_page(web):
    response = await web.client.get("/series/SIM.ALPHA")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")


async def test_without_a_bundle_a_plain_page_says_so(sqlite_engine, tmp_path):
    async with web_over(resources_over(sqlite_engine, static_dir=tmp_path / "none")) as web:
        response = await web.client.get("/")

    assert response.status_code == 503
    assert "not built" in response.text


async def test_every_answer_carries_its_request_id_and_the_security_headers(web):
    for path in ("/", "/api/health/live", "/api/nope", "/assets/main-3f2a.js", "/metrics"):
        headers = (await web.client.get(path)).headers

        assert len(headers["x-request-id"]) == 16
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


async def test_metrics_count_by_endpoint(web):
    await web.client.get("/api/health/live")

    text = (await web.client.get("/metrics")).text

    assert 'mktdash_http_requests_total{endpoint="live",method="GET",status="200"}' in text
    assert "mktdash_subscribers 0.0" in text


async def test_another_method_is_refused_with_what_is_allowed(web):
    response = await web.client.request("DELETE", "/api/health/live")

    assert response.status_code == 405
    assert "GET" in response.headers["allow"]
