"""What a closer look at a file may find: each refusal has a sentence of its own that says what to do."""

from collections.abc import Mapping
from typing import Final

from paritrana.core.errors import ParitranaError
from paritrana.core.filetypes import BadFile
from paritrana.core.words import N_


class FileUnreadable(BadFile):
    """The file cannot be opened or decoded to its end."""

    code = "file_unreadable"
    message = N_("%(name)s is damaged and cannot be opened. Save or scan the document anew.")


class FileLocked(BadFile):
    """The file asks for a password."""

    code = "file_locked"
    message = N_("%(name)s is password-protected. Upload it without a password.")


class FileTrailing(BadFile):
    """Before or behind the document lie bytes of something else."""

    code = "file_trailing"
    message = N_("%(name)s holds something else beside the document. Save it anew, or print it to PDF.")


class FilePages(BadFile):
    """The document has too many pages."""

    code = "file_pages"
    message = N_("%(name)s has more than 1,000 pages. Split the file.")


class FilePageSize(BadFile):
    """A page is larger than a page can be."""

    code = "file_page_size"
    message = N_("%(name)s has a page that is too large. Print it to PDF on ordinary paper.")


class FileActive(BadFile):
    """The document holds scripts, actions or a form that acts."""

    code = "file_active"
    message = N_("%(name)s holds scripts or actions. Print it to PDF and upload that.")


class FileEmbeds(BadFile):
    """The document holds other files or media."""

    code = "file_embeds"
    message = N_("%(name)s holds other files. Take them out and upload them one by one.")


class FileLinks(BadFile):
    """A link in the document leads to something that is no web page."""

    code = "file_links"
    message = N_("%(name)s holds links that lead to no web page. Print it to PDF and upload that.")


class FilePixels(BadFile):
    """The picture has too many pixels."""

    code = "file_pixels"
    message = N_("%(name)s has too many pixels: at most 40 million, and 12,000 on a side. Reduce the picture.")


class FileFrames(BadFile):
    """The file holds several pictures."""

    code = "file_frames"
    message = N_("%(name)s holds several pictures or moves. Upload one still picture.")


class WorkbookBomb(BadFile):
    """The workbook unpacks to far more than it is."""

    code = "workbook_bomb"
    message = N_("%(name)s unpacks to too much data. Delete empty sheets and formatting, then save it anew.")


class WorkbookBroken(BadFile):
    """The archive of the workbook contradicts itself."""

    code = "workbook_broken"
    message = N_("%(name)s is no sound workbook. Open it in a spreadsheet program and save it anew as XLSX.")


class WorkbookMacros(BadFile):
    """The workbook holds macros or controls."""

    code = "workbook_macros"
    message = N_("%(name)s holds macros. Save it as a workbook without macros.")


class WorkbookOutside(BadFile):
    """The workbook fetches something from elsewhere."""

    code = "workbook_outside"
    message = N_("%(name)s takes data from other files or addresses. Replace them by values and save it anew.")


class FileHeavy(BadFile):
    """Looking at the file takes more time or memory than any honest document needs."""

    code = "file_heavy"
    message = N_("%(name)s is too heavy to check. Reduce or split it, or print it to PDF.")


class CheckLate(ParitranaError):
    """The machine is too busy to look at the file; nothing of it is kept. Params: `name`."""

    code = "check_late"
    status = 503
    message = N_("%(name)s is not saved: the server is too busy to check it. Try again in a few minutes.")


REFUSALS: Final[Mapping[str, type[BadFile]]] = {
    one.code: one
    for one in (
        FileUnreadable, FileLocked, FileTrailing, FilePages, FilePageSize, FileActive, FileEmbeds, FileLinks,
        FilePixels, FileFrames, WorkbookBomb, WorkbookBroken, WorkbookMacros, WorkbookOutside, FileHeavy,
    )
}  # fmt: skip
