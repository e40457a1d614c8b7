"""The page in a browser: nothing is asked for, nothing overflows, every text can be read, all of it by keyboard."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys

from mzaudit.engine.results import Report
from mzaudit.report.formats import html, junit
from mzaudit.report.trend import Point
from tests.report.sample import hostile, judged, night, report

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1440,1000",
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM.exists() and DRIVER.exists()), reason="chromium and chromedriver are not at hand"),
]

REPORTS: dict[str, Report] = {
    "night": night(),
    "compliant": judged("compliant"),
    "access wrong, two environments": judged("access wrong", "stg", "prd"),
    "runs wrong": judged("runs wrong"),
    "blind": judged("blind"),
    "empty": report(()),
    "long names": hostile("x" * 100_000),
    "markup": hostile("<img src=x onerror=alert(1)><script>alert(1)</script>\u202e{{7*7}}"),
}
HISTORY = tuple(
    Point(night().run.started.replace(day=day), "failed", day % 7, day % 3, day % 5, 1, 100) for day in range(1, 23)
)
SCHEMES = ("light", "dark")

# Every text that is painted, and every line of the picture: its contrast with what lies behind it, and what it needs.
# A text of the picture stands on the shape of its link.
CONTRASTS = """
const parse = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
const linear = v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
const light = ([r, g, b]) => .2126 * linear(r / 255) + .7152 * linear(g / 255) + .0722 * linear(b / 255);
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
const behind = element => {
  for (let at = element; at; at = at.parentElement) {
    const shape = at.matches('a.node') && at.querySelector('rect');
    const colour = parse(shape ? getComputedStyle(shape).fill : getComputedStyle(at).backgroundColor);
    if (colour[3] === 1) return colour;
  }
  return [255, 255, 255, 1];
};
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; node = walker.nextNode();) {
  const element = node.parentElement, style = getComputedStyle(element);
  const hidden = !element.getClientRects().length || element.closest('.unseen, .skip, title, desc, style');
  if (!node.data.trim() || hidden) continue;
  const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
  const colour = parse(element instanceof SVGElement ? style.fill : style.color);
  found.push([ratio(colour, behind(element)), large ? 3 : 4.5, node.data.trim().slice(0, 60)]);
}
for (const line of document.querySelectorAll('.arrow .line'))
  found.push([ratio(parse(getComputedStyle(line).stroke), behind(line)), 3, 'a line of the picture']);
return found;
"""
WALK = """
const seen = one => one.matches('a.arrow') ? getComputedStyle(one.querySelector('.hit')).stroke !== 'rgba(0, 0, 0, 0)'
  : one.matches('a.node') ? getComputedStyle(one.querySelector('rect')).strokeWidth === '4px'
  : getComputedStyle(one).outlineStyle !== 'none';
window.walk = [];
addEventListener('focusin', ({target: one}) =>
  walk.push([one.getAttribute('href') || one.tagName, one.getAttribute('class') || '', seen(one)]));
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = Options()
    options.binary_location = str(CHROMIUM)
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture
def shown(browser: webdriver.Chrome, request: pytest.FixtureRequest, tmp_path: Path) -> webdriver.Chrome:
    """The browser with the report of that name open."""
    path = tmp_path / "report.html"
    path.write_text("".join(html.chunks(REPORTS[request.param], HISTORY)), "utf-8")
    _media(browser, "light")
    _width(browser, 1440)
    _complaints(browser)  # what an earlier page left
    browser.get(path.as_uri())
    return browser


def _complaints(browser: webdriver.Chrome) -> list[dict[str, object]]:
    """What the console says, policy violations too."""
    said: list[dict[str, object]] = browser.get_log("browser")  # type: ignore[no-untyped-call] # selenium gives it none
    return said


def _width(browser: webdriver.Chrome, pixels: int) -> None:
    metrics = {"width": pixels, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def _media(browser: webdriver.Chrome, scheme: str, media: str = "screen") -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


every_report = pytest.mark.parametrize("shown", REPORTS, indirect=True)


@every_report
def test_it_asks_for_nothing_and_complains_of_nothing(shown: webdriver.Chrome) -> None:
    assert shown.execute_script("return performance.getEntriesByType('resource').map(one => one.name)") == []
    assert _complaints(shown) == []
    assert shown.execute_script("return document.scripts.length + document.images.length") == 0
    assert shown.execute_script("return getComputedStyle(document.querySelector('main')).display") == "grid", "no style"


@every_report
@pytest.mark.parametrize("pixels", [360, 768, 1440])
def test_it_does_not_overflow(shown: webdriver.Chrome, pixels: int) -> None:
    _width(shown, pixels)
    wide = shown.execute_script(
        "const scrolling = one => one.closest('.scroll, .unseen, .symbols, .skip');"
        "return [...document.body.querySelectorAll('*')].filter(one => !scrolling(one)"
        " && one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 120))"
    )
    assert wide == []
    assert shown.execute_script("return document.documentElement.scrollWidth") <= pixels


@every_report
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_text_can_be_read(shown: webdriver.Chrome, scheme: str) -> None:
    _media(shown, scheme)
    texts = shown.execute_script(CONTRASTS)
    assert len(texts) > 50
    assert [one for one in texts if one[0] < one[1]] == []


def test_contrast_is_measured(browser: webdriver.Chrome) -> None:
    """The measure itself: a grey that is too light is found."""
    browser.get("data:text/html,<body style='background:%23fff'><p style='color:%23888'>faint</p><p>dark</p>")
    assert [(round(ratio, 2), text) for ratio, _, text in browser.execute_script(CONTRASTS)] == [
        (3.54, "faint"),
        (21, "dark"),
    ]


@pytest.mark.parametrize("shown", ["night", "access wrong, two environments", "blind"], indirect=True)
def test_everything_is_reached_by_keyboard(shown: webdriver.Chrome, request: pytest.FixtureRequest) -> None:
    made = REPORTS[request.node.callspec.params["shown"]]
    shown.execute_script(WALK)
    stops = shown.execute_script(
        "return document.querySelectorAll('a[href], [tabindex]:not([tabindex=\"-1\"])').length"
    )
    shown.switch_to.active_element.send_keys(Keys.TAB * stops)
    walk = shown.execute_script("return window.walk")
    assert walk[0][0] == "#main", "the first stop leads past the navigation"
    assert len(walk) == stops, "no trap, nothing passed over"
    assert [one for one in walk if not one[2]] == [], "where one is can be seen"
    targets = {href for href, _, _ in walk}
    assert [f.rule for f in made.findings if f"#f-{f.fingerprint}" not in targets] == []
    drawn = len(made.topology.nodes) + len(made.topology.arrows)
    assert sum(kind.startswith(("node", "arrow")) for _, kind, _ in walk) == drawn


@pytest.mark.parametrize("shown", ["access wrong, two environments"], indirect=True)
def test_a_part_of_the_picture_leads_to_its_findings(shown: webdriver.Chrome) -> None:
    shown.execute_script("document.querySelector('a.arrow.m-extra').focus()")
    shown.switch_to.active_element.send_keys(Keys.ENTER)
    tag = shown.execute_script("return document.querySelector(':target').tagName")
    assert tag in ("ARTICLE", "TR")
    top = shown.execute_script("return document.querySelector(':target').getBoundingClientRect().top")
    bar = shown.execute_script("return document.querySelector('nav').getBoundingClientRect().bottom")
    assert bar <= top < 1000, "the navigation does not cover it"


@pytest.mark.parametrize("shown", ["access wrong, two environments"], indirect=True)
def test_a_screen_reader_finds_its_way_without_scripts(shown: webdriver.Chrome) -> None:
    shown.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        shown.refresh()
        tree = shown.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    finally:
        shown.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    told = [(one["role"]["value"], one.get("name", {}).get("value", "")) for one in tree if not one.get("ignored")]
    roles = {role for role, _ in told}
    assert {"banner", "navigation", "main", "contentinfo", "table", "caption", "columnheader", "rowheader"} <= roles
    assert any(role == "heading" and "Gate failed" in name for role, name in told)
    assert ("link", "vault kv-mz-manage-prd: violated") in [(role, name.split(",")[0]) for role, name in told]
    tables = [name for role, name in told if role == "table"]
    assert tables
    assert all(tables)
    assert [role for role, name in told if role == "link" and not name] == []


@pytest.mark.parametrize("shown", ["access wrong, two environments"], indirect=True)
def test_it_prints(shown: webdriver.Chrome) -> None:
    printed = shown.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    pdf = base64.b64decode(printed["data"])
    assert pdf.startswith(b"%PDF-")
    sheets = pdf.count(b"/MediaBox")
    assert 4 < sheets < 60
    _media(shown, "dark", "print")
    _width(shown, 700)
    assert shown.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert shown.execute_script("return getComputedStyle(document.querySelector('nav')).display") == "none"
    wide = (
        "return [...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth + 1).length"
    )
    assert shown.execute_script(wide) == 0, "nothing is cut off at the margin"


def test_junit_is_shown_as_text(browser: webdriver.Chrome, tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    path.write_text("".join(junit.chunks(night())), "utf-8")
    browser.get(path.as_uri())
    shown = "return getComputedStyle(document.querySelector(arguments[0]), arguments[1])[arguments[2]]"
    told = browser.execute_script(shown, "testsuite", "::before", "content")
    assert told == '"mzaudit.prd.KV: 4 tests, 1 failures, 2 errors"'
    assert browser.execute_script(shown, "failure", None, "color") == "rgb(170, 0, 0)"
