"""The pages of the rubric builder: the list, a version, its parts, trying it out, and freezing it."""

from paritrana.home.rubrics.views import editing, freezing, pages, trying
from paritrana.home.rubrics.views.frame import bp

__all__ = ["bp", "editing", "freezing", "pages", "trying"]
