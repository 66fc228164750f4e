"""A test of pure functions starts without what only stores and servers need."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SLOW = ("sqlalchemy", "strawberry", "starlette", "uvicorn", "playwright", "schemathesis", "pandas")
COLLECT = f"""
import sys, pytest
code = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", "tests/unit/domain"])
print("\\nimported:", *sorted(set(sys.modules) & set({SLOW!r})))
sys.exit(code)
"""


def test_collecting_tests_of_the_domain_imports_no_database_and_no_web_framework():
    ran = subprocess.run([sys.executable, "-c", COLLECT], cwd=ROOT, check=False, capture_output=True, text=True)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.splitlines()[-1].split() == ["imported:"]
