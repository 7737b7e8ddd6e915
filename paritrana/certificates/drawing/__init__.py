"""Certificates as paper: designs that the program draws, words that fit or are refused, a PDF for anybody to check."""

from paritrana.certificates.drawing.drawer import Drawer, Proof
from paritrana.certificates.drawing.layout import Place
from paritrana.certificates.drawing.pictures import image_of, page_of

__all__ = ["Drawer", "Place", "Proof", "image_of", "page_of"]
