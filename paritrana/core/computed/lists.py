"""Rules over lists of answers: programmes joined, thresholds reached, checks met."""

from fractions import Fraction

from paritrana.core.computed.work import HUNDRED, INPUTS, BadParameter, FigureRef, Work
from paritrana.core.evidence.choices import PROGRAMMES
from paritrana.core.quantities import Count, Label, NotExact, Percent, Score, exact
from paritrana.core.words import N_


def programme_completeness(work: Work) -> Fraction | None:
    """0 below the `required` programmes, `score_required` with them, `score_full` with `full` or `full_count` of them.

    Figures: `programmes.<code>` of `compliance`, yes or no. Parameters: `required`, `full` or `full_count`,
    `score_required`, `score_full`.
    """
    required = work.names("required", list(PROGRAMMES))
    full = work.names("full", list(PROGRAMMES)) if "full" in work.params else []
    count = int(work.positive("full_count")) if "full_count" in work.params else 0
    if not full and not count:
        raise BadParameter(rule=work.rule, name="full")
    answers = {code: work.answer("compliance", f"programmes.{code}") for code in PROGRAMMES}
    if work.missing:
        return None
    joined = [code for code in PROGRAMMES if answers[code]]
    refs = tuple(FigureRef("compliance", f"programmes.{code}") for code in PROGRAMMES)
    work.explain(N_("%(a)s of %(b)s programmes joined"), *refs, a=Count(len(joined)), b=Count(len(PROGRAMMES)))
    if not set(required) <= set(joined):
        for code in required:
            if code not in joined:
                work.explain(N_("This programme is required and was not joined."), about=Label(PROGRAMMES[code]))
        return Fraction(0)
    complete = set(full) <= set(joined) if full else len(joined) >= count
    if complete:
        work.explain(N_("All programmes that earn the full value are joined."))
    else:
        work.explain(N_("The required programmes are joined."))
    return work.param("score_full" if complete else "score_required")


def threshold_ladder(work: Work) -> Fraction | None:
    """The score of the highest threshold that verified / total vendors reaches; below the first, the clause alone.

    Figures: `vendors.verified`, `vendors.total`, `vendors.contract_clause` of `compliance`. Parameters: `thresholds`
    ([[share, score], …]), `clause_only_score`. A firm without vendors has no value here: the verifier judges that the
    indicator does not apply.
    """
    verified, total = work.figure(*INPUTS["vendors_verified"]), work.figure(*INPUTS["vendors_total"])
    clause = work.answer(*INPUTS["has_contract_clause"])
    if total == 0:
        work.miss(*INPUTS["vendors_total"])
    if verified is None or not total or clause is None:
        return None
    share = Fraction(verified, total)
    refs = (INPUTS["vendors_verified"], INPUTS["vendors_total"])
    work.explain(
        N_("%(a)s of %(b)s vendors verified = %(percent)s"),
        *refs,
        a=Count(verified),
        b=Count(total),
        percent=Percent(HUNDRED * share),
    )
    reached = [score for threshold, score in thresholds(work) if share >= threshold]
    if reached:
        return max(reached)
    if clause:
        work.explain(
            N_("Below the first threshold; the clause in the contracts counts."), INPUTS["has_contract_clause"]
        )
        return work.param("clause_only_score")
    work.explain(N_("Below the first threshold, and no clause in the contracts."), INPUTS["has_contract_clause"])
    return Fraction(0)


def checklist(work: Work) -> Fraction | None:
    """`points_each` for every check that is met, at most `cap`. Parameters: `inputs`, `points_each`, `cap`."""
    each = work.positive("points_each")
    met = _met(work, work.named_inputs(len(work.inputs_named())))
    if met is None:
        return None
    work.explain(N_("%(n)s checks met, %(points)s each"), n=Count(met), points=Score(each))
    return max(Fraction(0), min(work.param("cap"), each * met))


def valid_share_plus_checks(work: Work) -> Fraction | None:
    """`share_points` × valid / submitted records, plus `check_points` for every service that runs, at most `cap`.

    Without submitted records the first part is 0. Figures: `records.*` and `services.*` of `beneficiary_list`.
    Parameters: `inputs` (valid, submitted, services …), `share_points`, `check_points`, `cap`.
    """
    valid_at, submitted_at, *services = work.named_inputs(len(work.inputs_named()))
    valid, submitted = work.figure(*valid_at), work.figure(*submitted_at)
    met = _met(work, tuple(services))
    if valid is None or submitted is None or met is None:
        return None
    share = Fraction(valid, submitted) if submitted else Fraction(0)
    points = work.positive("share_points") * min(Fraction(1), share)
    work.explain(
        N_("%(a)s of %(b)s records are well-formed = %(percent)s: %(points)s points"),
        valid_at,
        submitted_at,
        a=Count(valid),
        b=Count(submitted),
        percent=Percent(HUNDRED * share),
        points=Score(points),
    )
    each = work.positive("check_points")
    work.explain(N_("%(n)s checks met, %(points)s each"), n=Count(met), points=Score(each))
    return max(Fraction(0), min(work.param("cap"), points + each * met))


def _met(work: Work, refs: tuple[FigureRef, ...]) -> int | None:
    """How many of these yes-or-no figures are yes, None when one is missing."""
    answers = [work.answer(*ref) for ref in refs]
    return None if None in answers else sum(1 for answer in answers if answer)


def thresholds(work: Work) -> list[tuple[Fraction, Fraction]]:
    """The ladder of the rubric as (share, points). Raises `BadParameter`."""
    value = work.params.get("thresholds")
    if not isinstance(value, list | tuple):
        raise BadParameter(rule=work.rule, name="thresholds")
    try:
        return [(exact(share), exact(score)) for share, score in value]
    except (NotExact, TypeError, ValueError):
        raise BadParameter(rule=work.rule, name="thresholds") from None
