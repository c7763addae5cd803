"""Computes how well text stands out from what is behind it, as WCAG 2.2 defines it (1.4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Page

ENOUGH = 4.5

# Every element under `root` that has text of its own and is drawn, with the colours that are in force:
# backgrounds are laid over each other from the page upwards, a half transparent ink over the result.
_MEASURE = """root => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
  const parse = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3]));
  const light = colour => {
    const [r, g, b] = colour.map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const behind = element => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      layers.push(parse(getComputedStyle(at).backgroundColor));
    }
    return layers.reverse().reduce((below, top) => over(top, below), dark ? [18, 18, 18] : [255, 255, 255]);
  };
  const own = element => Array.from(element.childNodes)
    .filter(node => node.nodeType === Node.TEXT_NODE).map(node => node.data.trim()).join(' ').trim();
  return Array.from(document.querySelectorAll(`${root} *`))
    .filter(element => own(element) && !element.closest('style, script, title, desc')
      && element.checkVisibility({opacityProperty: true, visibilityProperty: true}))
    .map(element => {
      const style = getComputedStyle(element);
      const below = behind(element);
      const ink = over(parse(element instanceof SVGElement ? style.fill : style.color), below);
      const [low, high] = [light(ink), light(below)].sort((one, other) => one - other);
      return [own(element).slice(0, 60), element.tagName.toLowerCase(), (high + 0.05) / (low + 0.05)];
    });
}"""


class Text(NamedTuple):
    """A piece of text: how it begins, in which element it stands, and its contrast ratio."""

    start: str
    tag: str
    ratio: float


def texts(page: Page, root: str) -> list[Text]:
    """Measure every text that is drawn under a selector."""
    return [Text(*found) for found in page.evaluate(_MEASURE, root)]


def faint(page: Page, root: str) -> list[Text]:
    """List the texts whose contrast is too low to read."""
    return [text for text in texts(page, root) if text.ratio < ENOUGH]
