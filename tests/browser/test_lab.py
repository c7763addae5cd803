"""`reconcile lab` in a real browser: from the first page to the tour, which shows what it promises."""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from browser.contrast import faint, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from browser.chromium import Guard

PATIENCE = 240  # seconds for the whole tour on a busy machine; a quiet one takes a fraction
START = """
import sys
from pathlib import Path
from reconcile.flow.lab import lab
sys.exit(lab(Path(sys.argv[1]), open_browser=False).exit_code)
"""

# The idle sign of a notebook comes too early; its session and its kernel are asked themselves.
OPEN = """async path => {
  const app = window.jupyterapp;
  await app.restored;
  window.tour = await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
  await window.tour.context.ready;
  await window.tour.sessionContext.ready;
  await window.tour.sessionContext.session.kernel.info;
}"""
ON_TOP = "name => window.jupyterapp.shell.currentWidget?.title.label === name"
RUN = "() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }"
# The model and not the page is asked: cells out of sight are not drawn.
CELLS = "window.tour.content.model.toJSON().cells.filter(cell => cell.cell_type === 'code')"
ENDED = f"""() => {{
  const cells = {CELLS};
  const failed = cells.some(cell => cell.outputs.some(output => output.output_type === 'error'));
  const idle = window.tour.sessionContext.session.kernel.status === 'idle';
  return failed || (idle && cells.every(cell => cell.execution_count));
}}"""
# The old theme fades away behind a curtain, which is then taken down.
THEME = """async theme => {
  await window.jupyterapp.commands.execute('apputils:change-theme', {theme});
  while (document.getElementById('jupyterlab-splash')) await new Promise(done => setTimeout(done, 100));
}"""
TOP = "async () => { tour.content.activeCellIndex = 0; await tour.content.scrollToItem(0, 'start') }"
NOTIFY = "window.jupyterapp.commands.execute('apputils:notify', {message: 'x', options: {autoClose: false}})"
POPUPS = ".Toastify__toast, .jp-Dialog"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Start JupyterLab as a user does, with an empty home; stop it and all that it started."""
    config = tmp_path / "config"
    config.mkdir()
    # What the page needs to hand its application to a test.
    exposed = json.dumps({"LabApp": {"expose_app_in_browser": True}})
    (config / "jupyter_lab_config.json").write_text(exposed, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")} | {
        "HOME": str(tmp_path),
        "USERPROFILE": str(tmp_path),
        "JUPYTER_CONFIG_PATH": str(config),
        "JUPYTER_DATA_DIR": str(tmp_path / "data"),
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
    }
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "-c", START, str(tmp_path / "fall")]
        lab = psutil.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        port, token = _answering(lab, tmp_path)
        yield f"http://127.0.0.1:{port}/?token={token}"
        started = lab.children(recursive=True)
        _ask(port, token, method="POST", path="/api/shutdown")
        assert lab.wait(60) == 0
        assert psutil.wait_procs(started, timeout=10)[1] == []
    finally:
        _end(lab)


def _answering(lab: psutil.Popen, folder: Path) -> tuple[int, str]:
    """Wait until JupyterLab has said where it listens, and answers there."""
    end = time.monotonic() + 90
    while time.monotonic() < end and lab.poll() is None:
        for path in (folder / "runtime").glob("jpserver-*.json"):
            told = json.loads(path.read_text(encoding="utf-8") or "{}")
            if told and _ask(told["port"], told["token"], path="/api/status") == http.HTTPStatus.OK:
                return told["port"], told["token"]
        time.sleep(0.2)
    pytest.fail("JupyterLab does not answer:\n" + (folder / "log").read_text(encoding="utf-8"))


def _ask(port: int, token: str, *, path: str, method: str = "GET") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers={"Authorization": f"token {token}"})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def _end(lab: psutil.Popen) -> None:
    if lab.poll() is not None:
        return
    processes = [*lab.children(recursive=True), lab]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=10)


def _picture(page: Page, path: Path, *, tables: int) -> None:
    """Take the whole notebook: what is out of sight is not drawn, so nothing may be."""
    page.set_viewport_size({"width": 1280, "height": 9000})
    page.evaluate(TOP)
    page.wait_for_function(f"document.querySelectorAll('.reconcile-table').length === {tables}")
    page.screenshot(path=path)


def test_the_tour_runs_in_jupyterlab(
    address: str, new_page: Callable[..., Page], guard: Guard, screens: Path
) -> None:
    page = new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(address)
    page.wait_for_function("window.jupyterapp")
    first = page.locator(".jp-MarkdownViewer")
    first.get_by_role("heading", name="Start here").wait_for()
    page.screenshot(path=screens / "lab-start.png")
    first.get_by_role("link", name="00_tour").click()
    page.wait_for_function(ON_TOP, arg="00_tour.ipynb")
    page.evaluate(OPEN, "notebooks/00_tour.ipynb")
    page.evaluate(RUN)
    page.wait_for_function(ENDED, polling=500)
    cells = page.evaluate(CELLS)
    page.screenshot(path=screens / "lab-first.png")
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert [output for output in outputs if "error" in output["output_type"]] == []
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    shown = [html for output in outputs if (html := "".join(output.get("data", {}).get("text/html", "")))]
    assert "Students by status" in shown[-1]
    assert page.locator(POPUPS).count() == 0
    tables = sum(html.count('class="reconcile-table"') for html in shown)
    for theme in ("Light", "Dark"):
        page.evaluate(THEME, f"JupyterLab {theme}")
        _picture(page, screens / f"lab-{theme.lower()}.png", tables=tables)
        assert len(texts(page, ".reconcile-table")) > 100
        assert faint(page, ".reconcile-table") == []
    page.evaluate(NOTIFY)
    page.locator(POPUPS).first.wait_for()  # had there been a pop-up, it would have been seen
