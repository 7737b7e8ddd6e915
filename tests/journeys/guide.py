"""Which parts of the pages the guides show: `make pictures` takes them while the journeys walk by.

A name in `docs/pictures/` stands for one look at one page: the name that the journey gives the look, the width of the
window, the element at which the picture begins, and how many pixels of the page it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

WIDTHS = {"desk": 1280, "phone": 390}
MARGIN = 16
"""Pixels shown above the element at which a picture begins; none above the whole content."""


@dataclass(frozen=True)
class Shot:
    """One picture: `name` of its file, `look` of the journey, `start` as a CSS selector (none: top of the page)."""

    name: str
    look: str
    height: int
    start: str | None = None
    width: str = "desk"


SHOTS = (
    # README
    Shot("readme-result", "demo-result", 860),
    # Nominee
    Shot("nominee-home", "home-request", 460),
    Shot("nominee-tasks", "task-list", 1000, "main"),
    Shot("nominee-difference", "evidence-difference", 720, "[data-arithmetic-panel]"),
    Shot("nominee-difference-phone", "evidence-difference", 800, "[data-arithmetic-panel]", "phone"),
    Shot("nominee-check", "check-refused", 640, "main"),
    Shot("nominee-receipt", "receipt", 640, "main"),
    Shot("nominee-request", "request", 820, "main"),
    # Verifier
    Shot("verifier-queue", "queue", 640, "main"),
    Shot("verifier-declaration", "declaration", 760, "main"),
    Shot("verifier-finding", "item-differs", 1000, "main"),
    Shot("verifier-request", "request-new", 900, "main"),
    Shot("verifier-close", "close-second", 700, "main"),
    # Assessor
    Shot("assessor-candidates", "assessments", 480, "main"),
    Shot("assessor-sheet", "sheet-half", 880, "#E1"),
    Shot("assessor-sheet-phone", "sheet-half", 844, "#E1", "phone"),
    Shot("assessor-two-versions", "sheet-two-versions", 520, "#D1 [data-two]"),
    Shot("assessor-check", "sheet-check", 800, "main"),
    Shot("assessor-receipt", "sheet-receipt", 620, "main"),
    # Chair
    Shot("chair-close-scoring", "manage-missing-sheets", 700, "#kabkota"),
    Shot("chair-ranking", "ranking", 1200, "main"),
    Shot("chair-publication", "publication-chair", 1080, "#kabkota"),
    # Organiser
    Shot("organiser-cycle", "manage-verification", 860, "main"),
    Shot("organiser-shortlist", "shortlist", 900, "main"),
    Shot("organiser-extension", "extension-proposed", 800, "#kabkota"),
    Shot("organiser-import", "import-refused", 900, "#preview"),
    Shot("organiser-panel", "panel", 860, "main"),
    Shot("organiser-schedule", "schedule", 640, "main"),
    Shot("organiser-presenter", "attendance-wakil", 820, "main"),
    Shot("organiser-seal", "ranking-organiser", 760, "#h-proposal"),
    Shot("organiser-certificates", "certificates", 620, "main"),
    # Auditor
    Shot("auditor-reason", "ranking-reason", 380, "main"),
    # Administrator
    Shot("administrator-system", "system", 900, "main"),
    Shot("administrator-jobs", "jobs", 840, "main"),
    # Public
    Shot("public-landing", "landing", 900),
    Shot("public-result", "results", 780, "main"),
    Shot("public-method", "method", 860, "main"),
    Shot("public-certificate-phone", "verify-valid", 844, None, "phone"),
    Shot("public-unknown-phone", "verify-unknown", 760, None, "phone"),
)


# A bar that sticks to the edge of the window would lie across the middle of a picture that is taller than the window.
_LOOSEN = """() => {
    for (const one of document.querySelectorAll("main *")) {
        if (getComputedStyle(one).position === "sticky") {
            one.style.position = "static";
            one.dataset.loosened = "";
        }
    }
}"""
_FASTEN = """() => {
    for (const one of document.querySelectorAll("[data-loosened]")) {
        one.style.position = "";
        delete one.dataset.loosened;
    }
}"""


def take(page: Page, look: str, folder: Path) -> Sequence[Path]:
    """Take the pictures that guides want of the page that is open; the caller sets the window back."""
    taken = []
    for shot in SHOTS:
        if shot.look == look:
            page.set_viewport_size({"width": WIDTHS[shot.width], "height": 900})
            page.evaluate("scrollTo(0, 0)")
            page.evaluate(_LOOSEN)
            top = 0.0
            if shot.start is not None:
                box = page.locator(shot.start).first.bounding_box()
                assert box is not None, f"{shot.name}: {shot.start} is not on the page"
                top = max(box["y"] - (0 if shot.start == "main" else MARGIN), 0)
            height = page.evaluate("document.documentElement.scrollHeight")
            clip = {"x": 0, "y": top, "width": WIDTHS[shot.width], "height": min(shot.height, height - top)}
            path = folder / f"{shot.name}.png"
            page.screenshot(path=path, full_page=True, clip=clip, animations="disabled")  # type: ignore[arg-type]
            page.evaluate(_FASTEN)
            taken.append(path)
    return taken
