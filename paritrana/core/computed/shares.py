"""Rules over a part and a whole: people of groups, workers of a firm, units of a region, residents of a village."""

from fractions import Fraction

from paritrana.core.computed.work import HUNDRED, FigureRef, Work
from paritrana.core.evidence.choices import ELECTION_GROUPS, NON_ASN_GROUPS
from paritrana.core.quantities import Count, Label, People, Percent
from paritrana.core.words import N_


def ratio_capped(work: Work) -> Fraction | None:
    """scale × min(1, part / whole): of groups where the rubric names `groups`, else of the two figures in `inputs`.

    Parameters: `cap`; `groups` and `skip_group_without_target`, or `inputs` (part, whole).
    """
    if "groups" in work.params:
        return _groups_covered(work)
    part, whole = work.named_inputs(2)
    share = _share(work, part, whole, people=True)
    return None if share is None else work.score(min(Fraction(1), share))


def share_of_units(work: Work) -> Fraction | None:
    """scale × units that fulfil it / all units. Parameters: `inputs` (units that do, all units), `cap`."""
    share = _share(work, *work.named_inputs(2), people=False)
    return None if share is None else work.score(min(Fraction(1), share))


def percent_div_10(work: Work) -> Fraction | None:
    """scale × covered / working residents: the percentage itself on the scale. Parameters: `inputs`, `cap`."""
    share = _share(work, *work.named_inputs(2), people=True)
    if share is None:
        return None
    work.explain(N_("The value is the percentage itself on the scale."))
    return work.score(share)


def _share(work: Work, part: FigureRef, whole: FigureRef, *, people: bool) -> Fraction | None:
    some, every = work.figure(*part), work.figure(*whole)
    if every == 0:
        work.miss(*whole)
    if some is None or not every:
        return None
    share = Fraction(some, every)
    unit = People if people else Count
    work.explain(
        N_("%(a)s of %(b)s = %(percent)s"), part, whole, a=unit(some), b=unit(every), percent=Percent(HUNDRED * share)
    )
    return share


def _groups_covered(work: Work) -> Fraction | None:
    """scale × min(1, covered / target), both summed over the groups that have a target.

    Figures: `<group>.covered` and `<group>.target` of `non_asn_protection`. Parameters: `groups`, `cap`, and
    `skip_group_without_target`: a found target of 0 leaves the group out, its protected people too.
    """
    kind = "non_asn_protection"
    skip = work.params.get("skip_group_without_target", False)
    groups = [g for g in work.names("groups", list(NON_ASN_GROUPS)) if work.election_held or g not in ELECTION_GROUPS]
    pairs = []
    for group in groups:
        label = Label(NON_ASN_GROUPS[group])
        target = work.figure(kind, f"{group}.target")
        if target == 0 and skip:
            work.explain(N_("No people in this group; it does not count."), (kind, f"{group}.target"), about=label)
            continue
        covered = work.figure(kind, f"{group}.covered")
        if covered is not None and target is not None:
            figures = ((kind, f"{group}.covered"), (kind, f"{group}.target"))
            work.explain(N_("Protected: %(a)s of %(b)s"), *figures, about=label, a=People(covered), b=People(target))
            pairs.append((covered, target))
    if work.missing:
        return None
    covered_sum, target_sum = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    if not target_sum:
        for group in groups:
            work.miss(kind, f"{group}.target")
        return None
    share = Fraction(covered_sum, target_sum)
    message = N_("All groups together: %(a)s of %(b)s = %(percent)s")
    work.explain(message, a=People(covered_sum), b=People(target_sum), percent=Percent(HUNDRED * share))
    return work.score(min(Fraction(1), share))
