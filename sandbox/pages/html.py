"""Pages as nested calls: a `Markup` is trusted, everything else is escaped on its way in."""

import html
from collections.abc import Iterable, Mapping
from pathlib import Path

from sandbox.web import Headers, Response

STYLE = (Path(__file__).parent / "style.css").read_text("utf-8")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


class Markup(str):
    """HTML that is safe as it stands."""

    __slots__ = ()


def esc(value: object) -> Markup:
    return value if isinstance(value, Markup) else Markup(html.escape(str(value), quote=True))


def join(pieces: Iterable[object]) -> Markup:
    return Markup("".join(esc(piece) for piece in pieces))


def tag(_name: str, *children: object, **attributes: object) -> Markup:
    """An element. `class_` and `for_` lose the underscore; True is a bare attribute, None and False none."""
    pieces = [_name]
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        name = name.rstrip("_").replace("_", "-")
        pieces.append(name if value is True else f'{name}="{esc(value)}"')
    opened = f"<{' '.join(pieces)}>"
    if _name in ("input", "br", "meta", "link", "hr"):
        return Markup(opened)
    return Markup(f"{opened}{join(children)}</{_name}>")


def table(heads: Iterable[object], rows: Iterable[Iterable[object]]) -> Markup:
    body = join(tag("tr", *(tag("td", cell, dir="auto") for cell in row)) for row in rows)
    head = tag("tr", *(tag("th", cell) for cell in heads))
    return tag("div", tag("table", tag("thead", head), tag("tbody", body)), class_="wide")


def hidden(values: Mapping[str, str]) -> Markup:
    return join(tag("input", type="hidden", name=name, value=value) for name, value in values.items())


def options(choices: Iterable[tuple[str, str]], chosen: str) -> Markup:
    return join(tag("option", label, value=value, selected=value == chosen) for value, label in choices)


def page(title: str, *body: object, top: object = "", status: int = 200) -> Response:
    """A whole page; `top` stands between the big header and the content."""
    head = tag(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'),
        tag("title", f"{title} · Sandbox Salesforce"),
        tag("style", Markup(STYLE)),
    )
    banner = tag(
        "header",
        tag("h1", tag("a", "Sandbox Salesforce", href="/")),
        tag("p", "A stand-in org. Nothing here is the product."),
    )
    document = tag("html", head, tag("body", banner, top, tag("main", *body)), lang="en")
    return html_response(f"<!doctype html>{document}", status)


def html_response(text: str, status: int = 200) -> Response:
    headers = Headers(
        {
            "Content-Type": "text/html;charset=UTF-8",
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
    )
    return Response(status, headers, text.encode("utf-8", "replace"))


def redirect(address: str, status: int = 302) -> Response:
    return Response(status, Headers({"Location": address, "Cache-Control": "no-store"}))
