"""The forms of a page, as a browser would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Control:
    """One field of a form: its kind is the type of the input, `textarea` or `select`."""

    name: str
    kind: str
    value: str = ""
    options: list[str] = field(default_factory=list)
    chosen: bool = True  # whether it is sent as the page stands
    fixed: bool = False  # read-only or disabled
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class PageForm:
    """A form of a page."""

    action: str
    method: str
    controls: list[Control] = field(default_factory=list)
    files: bool = False

    def sent(self) -> list[tuple[str, str]]:
        """What the browser sends when nothing is touched."""
        return [(one.name, one.value) for one in self.controls if one.chosen and one.name and one.kind != "file"]

    def has(self, name: str) -> bool:
        """Whether a field of this name stands in it."""
        return any(one.name == name for one in self.controls)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: dict[str, PageForm] = {}
        self.order: list[PageForm] = []
        self.waiting: list[tuple[str, Control]] = []
        self.open: PageForm | None = None
        self.area: Control | None = None
        self.select: Control | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = PageForm(told.get("action", ""), told.get("method", "get").lower())
            self.order.append(self.open)
            if told.get("id"):
                self.forms[told["id"]] = self.open
        elif tag == "option" and self.select is not None:
            self.select.options.append(told.get("value", ""))
            if "selected" in told or len(self.select.options) == 1:
                self.select.value = told.get("value", "")
        elif tag in {"input", "textarea", "select", "button"}:
            self._control(tag, told)

    def _control(self, tag: str, told: dict[str, str]) -> None:
        kind = told.get("type", "text" if tag == "input" else "submit").lower() if tag in {"input", "button"} else tag
        one = Control(
            told.get("name", ""), kind, told.get("value", "on" if kind == "checkbox" else ""), attributes=told
        )
        one.fixed = "readonly" in told or "disabled" in told
        one.chosen = "disabled" not in told and (
            kind not in {"checkbox", "radio", "submit", "button", "image", "reset"} or "checked" in told
        )
        if tag == "textarea":
            one.value, self.area = "", one
        if tag == "select":
            self.select = one
        if told.get("form"):
            self.waiting.append((told["form"], one))
        elif self.open is not None:
            self.open.controls.append(one)
            self.open.files = self.open.files or kind == "file"

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "textarea":
            self.area = None
        elif tag == "select":
            self.select = None

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area.value += data


def forms_of(page: str) -> list[PageForm]:
    """Every form of a page in its order."""
    reader = _Reader()
    reader.feed(page)
    for name, one in reader.waiting:
        if name in reader.forms:
            reader.forms[name].controls.append(one)
    for form in reader.order:
        for one in form.controls:
            if one.kind == "textarea":
                one.value = one.value.removeprefix("\n").removeprefix("\r\n")
    return reader.order
