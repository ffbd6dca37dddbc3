"""Sites for the tests of deploys: one is prepared on each server, the others are copies of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import INSTALLATIONS
from tests.support.deploys import HEMMED_IN, Site, prepared, site
from tests.support.servers import HBA, Server, throwaway


def _prepared_fixture(major: int) -> Callable[..., Iterator[str]]:
    @pytest.fixture(scope="session")
    def made(
        request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[str]:
        server: Server = request.getfixturevalue(f"server_{major}")
        with prepared(server, tmp_path_factory.mktemp("prepared")) as name:
            yield name

    return made


for _major in INSTALLATIONS:
    globals()[f"prepared_{_major}"] = _prepared_fixture(_major)


@pytest.fixture
def here(pg: Server, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """A site that was deployed to, with rows 1 to 1000 in b; nothing is pending."""
    template = request.getfixturevalue(f"prepared_{pg.major}")
    with site(pg, tmp_path, template) as found:
        yield found


@pytest.fixture
def fresh(pg: Server, tmp_path: Path) -> Iterator[Site]:
    """A site that nothing was deployed to."""
    with site(pg, tmp_path) as found:
        yield found


@pytest.fixture(scope="session")
def other_server(pg: Server) -> Iterator[Server]:
    """Another server, without the roles of the first one; one role is hemmed in there."""
    hba = f"local {HEMMED_IN},postgres {HEMMED_IN} trust\nlocal all {HEMMED_IN} reject\n{HBA}"
    with throwaway(pg.bin_dir, hba=hba) as other:
        yield other
