"""Reading a rubric of `seed/rubrics/`: the form the application stores, checked before anything uses it."""

from pathlib import Path
from typing import Any

from paritrana.core.rubric_form import BadRubricForm, check, parse
from paritrana.core.words import N_
from paritrana.seeding.rows import BadSeed, SeedError


def read_rubric(path: Path) -> dict[str, Any]:
    """The rubric in `path` as the application stores it: texts in both languages, decimals as texts.

    The weights add up to its total, codes refer to something declared, anchors lie on the scale. Raises `BadSeed`,
    which names the file and the JSON pointer.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        content = parse(path.read_bytes())
        check(content)
    except OSError:
        raise BadSeed([SeedError(name, 0, N_("The file cannot be opened."))]) from None
    except BadRubricForm as wrong:
        raise BadSeed([SeedError(name, 0, wrong.message, wrong.params, wrong.pointer)]) from None
    return content
