"""Two languages in one site (a hook of mkdocs): what surrounds a page, its menu and the way to the other language.

Chinese pages lie in docs/zh/ under the name of the English page.
"""

from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page


def on_page_context(context: dict[str, Any], page: "Page", config: Any, nav: "Navigation") -> dict[str, Any]:
    """Called before each page is rendered; pages are rendered one after the other."""
    chinese = _is_chinese(page)
    config.theme["language"] = "zh" if chinese else "en"
    config.extra["languages"] = [
        {"name": "English", "lang": "en", "link": _other(page, nav, chinese=False)},
        {"name": "中文", "lang": "zh", "link": _other(page, nav, chinese=True)},
    ]
    context["nav"] = _menu(nav, chinese=chinese)
    return context


def _is_chinese(page: "Page") -> bool:
    name: str = page.file.src_uri
    return name.startswith("zh/")


def _other(page: "Page", nav: "Navigation", *, chinese: bool) -> str:
    """Where the same page is in a language, or else its first page."""
    name = page.file.src_uri.removeprefix("zh/")
    wanted = f"zh/{name}" if chinese else name
    urls = {one.file.src_uri: one.url for one in nav.pages}
    return urls.get(wanted) or ("zh/" if chinese else ".")


def _menu(nav: "Navigation", *, chinese: bool) -> "Navigation":
    from mkdocs.structure.nav import Navigation  # noqa: PLC0415 - only the site needs it

    items = [item for item in nav.items if all(_is_chinese(page) is chinese for page in _pages(item))]
    menu = Navigation(items, nav.pages)
    menu.homepage = next(page for item in items for page in _pages(item))
    return menu


def _pages(item: Any) -> list["Page"]:
    return [item] if item.is_page else list(chain.from_iterable(map(_pages, item.children or ())))
