"""Every address of the application: method, rule, the act it stands for, and the kind of thing it is about.

Written by hand, so that a route which declares the wrong act is found by what it answers. `act/2` is the second person
of a two-person act. `a + b` asks for `b` as well, once the form is read. A kind with `*` is about nothing in
particular: rights held anywhere count there.
"""

from dataclasses import dataclass

TABLE = """
GET  /                                                            read_public_page            *public
GET  /api/v1/assessments/pack                                     see_own_marks               *sheet
POST /api/v1/devices                                              mark                        *paper
GET  /api/v1/interviews/<day>/board                               see_board                   cycle
POST /api/v1/presence                                             see_own_marks               *paper
GET  /api/v1/now                                                  read_public_page            *public
GET  /api/v1/sheets/<ref>                                         see_own_marks               paper
POST /api/v1/sheets/<ref>/late-marks/<indicator>                  deliver_late                paper
POST /api/v1/sheets/<ref>/set-aside/<indicator>                   deliver_late                paper
PUT  /api/v1/sheets/<ref>/marks/<indicator>                       mark                        paper
GET  /assessments                                                 see_own_marks               *sheet
GET  /assessments/offline                                         see_own_marks               *sheet
GET  /assessments/<ref>/sheet/files                               see_own_marks               sheet
POST /assessments/<ref>/sheet/files                               deliver_late                sheet
GET  /assessments/<ref>/sheet/merge                               see_own_marks               sheet
GET  /manifest.webmanifest                                        read_public_page            *public
GET  /offline                                                     read_public_page            *public
GET  /sw.js                                                       read_public_page            *public
POST /assessments/<ref>/declaration                               mark                        sheet
GET  /assessments/<ref>/sheet                                     see_own_marks               sheet
GET  /assessments/<ref>/sheet/check                               see_own_marks               sheet
POST /assessments/<ref>/sheet/check                               submit_sheet                sheet
POST /assessments/<ref>/sheet/marks/<indicator>                   mark                        sheet
GET  /assessments/<ref>/sheet/receipt.json                        see_own_marks               sheet
GET  /assessments/<ref>/sheet/receipt.pdf                         see_own_marks               sheet
GET  /assessments/<ref>/sheet/reopening                           see_own_marks               sheet
POST /assessments/<ref>/sheet/reopening                           reopen_sheet                sheet
GET  /manage/<cycle>/reopenings                                   manage_cycle                cycle
GET  /reopenings/<reopening>                                      reopen_sheet/2              sheet
POST /reopenings/<reopening>                                      reopen_sheet/2              sheet
GET  /assessments/<ref>/sheet/receipt                             see_own_marks               sheet
POST /assessments/<ref>/consolidation                             lead_consolidation          sheet
GET  /assessments/<ref>/marks                                     see_own_marks               sheet
POST /assessments/<ref>/step-back                                 recuse                      sheet
GET  /bootstrap/static/<path:filename>                            static                      *public
GET  /calibrations/<example>                                      calibrate                   cycle
POST /calibrations/<example>                                      calibrate                   cycle
POST /calibrations/<example>/close                                lead_calibration            cycle
GET  /consolidations                                              see_own_marks               *sheet
GET  /consolidations/<consolidation>                              see_own_marks               sheet
POST /consolidations/<consolidation>/close                        lead_consolidation          sheet
POST /consolidations/<consolidation>/marks/<indicator>            consolidate                 sheet
GET  /calendar/<token>.ics                                        read_public_page            *public
GET  /api/v1/results/<cycle>/<cat>                                read_public_result          public
GET  /cycles                                                      read_public_page            *public
GET  /cycles/<cycle>                                              read_public_page            public
GET  /cycles/<cycle>/results                                      read_public_page            public
GET  /cycles/<cycle>/results/<cat>.csv                            read_public_result          public
GET  /cycles/<cycle>/results/<cat>.xlsx                           read_public_result          public
GET  /data                                                        read_public_page            *public
GET  /data/<dataset>.csv                                          read_public_page            *public
GET  /data/<dataset>.json                                         read_public_page            *public
GET  /data/<dataset>.xlsx                                         read_public_page            *public
GET  /data/method.md                                              read_public_page            *public
GET  /data/publications.atom                                      read_public_page            *public
GET  /data/regions-licence.txt                                    read_public_page            *public
GET  /data/schemas/<schema_name>.json                             read_public_page            *public
GET  /regions                                                     read_public_page            *public
GET  /regions/<region>                                            read_public_page            *public
GET  /winners                                                     read_public_page            *public
GET  /cycles/<cycle>/method                                       read_public_page            public
GET  /cycles/<cycle>/results/<cat>                                read_public_page            public
GET  /cycles/<cycle>/results/<cat>.json                           read_public_result          public
GET  /cycles/<cycle>/results/<cat>/versions                       read_public_result          public
GET  /cycles/<cycle>/results/<cat>/versions/<int:no>              read_public_result          public
GET  /cycles/<cycle>/results/<cat>/versions/<int:no>/bundle.json  read_public_result          public
GET  /cycles/<cycle>/results/<cat>/<candidate>                    read_public_result          public
GET  /healthz                                                     read_public_page            *public
GET  /home                                                        home                        *house
GET  /home/calendar                                               home                        *house
POST /home/calendar                                               home                        *house
POST /home/calendar/end                                           home                        *house
GET  /home/messages                                               home                        *house
GET  /interviews/<day>                                            see_board                   cycle
POST /interviews/<day>/display-code                               plan_session                cycle
GET  /interviews/<day>/import                                      import_sheet                cycle
POST /interviews/<day>/import                                      import_sheet                cycle
POST /interviews/<day>/import/take                                 import_sheet                cycle
GET  /interviews/<day>/minutes.pdf                                see_progress                cycle
GET  /interviews/<day>/paper                                      enter_paper                 cycle
GET  /interviews/<day>/paper.pdf                                  enter_paper                 cycle
GET  /interviews/<day>/paper/<sheet>                              enter_paper                 cycle
POST /interviews/<day>/paper/<sheet>                              enter_paper                 cycle
GET  /interviews/<day>/paper/<sheet>/scans/<int:no>               enter_paper                 cycle
GET  /interviews/<day>/paper/<sheet>/sheet.pdf                    enter_paper                 cycle
GET  /interviews/<day>/slots/<int:no>/paper.pdf                   enter_paper                 cycle
GET  /interviews/<day>/screen                                     read_public_page            *public
POST /interviews/<day>/screen                                     read_public_page            *public
GET  /interviews/<day>/screen/now                                 read_public_page            *public
GET  /interviews/<day>/slots/<int:no>                             see_nomination              slot
POST /interviews/<day>/slots/<int:no>/answer                      answer_slot                 slot
GET  /interviews/<day>/slots/<int:no>/attendance                  record_attendance           slot
POST /interviews/<day>/slots/<int:no>/attendance                  record_attendance           slot
POST /interviews/<day>/slots/<int:no>/attendance/<proposal>       record_attendance/2         slot
GET  /interviews/<day>/slots/<int:no>/calendar.ics                see_nomination              slot
POST /interviews/<day>/slots/<int:no>/close                       close_session               slot
POST /interviews/<day>/slots/<int:no>/clock                       open_session                slot
POST /interviews/<day>/slots/<int:no>/dropouts                    record_attendance           slot
POST /interviews/<day>/slots/<int:no>/no-show                     confirm_no_show             slot
POST /interviews/<day>/slots/<int:no>/no-show/<proposal>          confirm_no_show/2           slot
POST /interviews/<day>/slots/<int:no>/keep                        plan_session                cycle
GET  /interviews/<day>/slots/<int:no>/move                        plan_session                cycle
POST /interviews/<day>/slots/<int:no>/move                        plan_session                cycle
POST /interviews/<day>/slots/<int:no>/open                        open_session                slot
POST /interviews/<day>/slots/<int:no>/remove                      plan_session                cycle
POST /language                                                    set_language                *public
GET  /manage/<cycle>                                              manage_cycle                cycle
GET  /manage/<cycle>/calibration/<cat>                            lead_calibration            cycle
POST /manage/<cycle>/calibration/<cat>                            lead_calibration            cycle
GET  /manage/<cycle>/certificates                                 manage_cycle                cycle
POST /manage/<cycle>/certificates/<cat>                           issue_certificate           cycle
POST /manage/<cycle>/certificates/<cat>/<candidate>               issue_certificate           cycle
POST /manage/<cycle>/clock                                        advance_clock               cycle
GET  /manage/<cycle>/deadlines                                    manage_cycle                cycle
GET  /manage/<cycle>/deadlines/<cat>                              extend_deadline             cycle
POST /manage/<cycle>/deadlines/<cat>                              extend_deadline             cycle
POST /manage/<cycle>/deadlines/<cat>/<proposal>                   extend_deadline/2           cycle
POST /manage/<cycle>/deadlines/<cat>/<proposal>/withdraw          extend_deadline             cycle
GET  /manage/<cycle>/late-marks                                   manage_cycle                cycle
POST /manage/<cycle>/late-marks/<late>                            admit_late_mark             sheet
GET  /manage/<cycle>/nominations                                  manage_cycle                cycle
GET  /manage/<cycle>/nominations/import/<cat>                     manage_cycle + create_nomination cycle
POST /manage/<cycle>/nominations/import/<cat>                     manage_cycle + create_nomination cycle
POST /manage/<cycle>/nominations/import/<cat>/load                manage_cycle + create_nomination cycle
GET  /manage/<cycle>/nominations/import/<cat>/template.xlsx       manage_cycle + create_nomination cycle
POST /manage/<cycle>/nominations/<cat>/claims                     manage_cycle                cycle
POST /manage/<cycle>/nominations/<cat>/shortlist                  shortlist                   cycle
POST /manage/<cycle>/nominations/<cat>/shortlist/<proposal>       shortlist/2                 cycle
POST /manage/<cycle>/nominations/<cat>/shortlist/<proposal>/withdraw shortlist                cycle
GET  /manage/<cycle>/outbox                                       send_messages               cycle
POST /manage/<cycle>/outbox/release                               send_messages               cycle
GET  /manage/<cycle>/outbox/<message>                             send_messages               cycle
POST /manage/<cycle>/outbox/<message>/again                       send_messages               cycle
POST /manage/<cycle>/outbox/<message>/cancel                      send_messages               cycle
GET  /manage/<cycle>/panel                                        manage_cycle                cycle
GET  /manage/<cycle>/panel/<cat>/import                           seat_panel                  cycle
POST /manage/<cycle>/panel/<cat>/import                           seat_panel                  cycle
POST /manage/<cycle>/panel/<cat>/import/load                      seat_panel                  cycle
GET  /manage/<cycle>/panel/<cat>/import/template.csv              seat_panel                  cycle
POST /manage/<cycle>/panel/<cat>/open                             move_state                  cycle
POST /manage/<cycle>/panel/<cat>/open/<proposal>                  move_state/2                cycle
POST /manage/<cycle>/panel/<cat>/proposals/<proposal>             seat_panel/2                cycle
POST /manage/<cycle>/panel/<cat>/proposals/<proposal>/withdraw    seat_panel                  cycle
GET  /manage/<cycle>/panel/<cat>/recusals/<candidate>             recuse_others               cycle
POST /manage/<cycle>/panel/<cat>/recusals/<candidate>             recuse_others               cycle
POST /manage/<cycle>/panel/<cat>/recusals/<candidate>/<account>/waive waive                   cycle
POST /manage/<cycle>/panel/<cat>/waivers/<proposal>               waive/2                     cycle
POST /manage/<cycle>/panel/<cat>/seats                            seat_panel                  cycle
GET  /manage/<cycle>/panel/<cat>/seats/<code>/end                 seat_panel                  cycle
POST /manage/<cycle>/panel/<cat>/seats/<code>/end                 seat_panel                  cycle
GET  /manage/<cycle>/paper                                        manage_cycle                cycle
POST /manage/<cycle>/paper/<leaf>                                 decide_paper                sheet
GET  /manage/<cycle>/paper/<leaf>/scans/<int:no>                  decide_paper                sheet
GET  /manage/<cycle>/progress                                     see_progress                cycle
POST /manage/<cycle>/progress/<cat>/remind                        send_messages               cycle
GET  /manage/<cycle>/objections                                   manage_cycle                cycle
GET  /manage/<cycle>/objections/<objection>                       answer_objection            cycle
POST /manage/<cycle>/objections/<objection>                       answer_objection            cycle
POST /manage/<cycle>/objections/<objection>/<proposal>            answer_objection/2          cycle
GET  /manage/<cycle>/objections/<objection>/files/<int:no>        answer_objection            cycle
GET  /nominations/<ref>/objections                                object                      nomination
POST /nominations/<ref>/objections                                object                      nomination
GET  /nominations/<ref>/objections/<objection>/files/<int:no>     object                      nomination
GET  /manage/<cycle>/publication                                  manage_cycle                cycle
GET  /manage/<cycle>/publication/<cat>                            propose_publication         cycle
POST /manage/<cycle>/publication/<cat>                            propose_publication         cycle
POST /manage/<cycle>/publication/<cat>/<proposal>                 confirm_publication         cycle
GET  /manage/<cycle>/publication/<cat>/correction                 correct_publication         cycle
POST /manage/<cycle>/publication/<cat>/correction                 correct_publication         cycle
POST /manage/<cycle>/publication/<cat>/correction/<proposal>      correct_publication/2       cycle
POST /manage/<cycle>/publication/<cat>/correction/<proposal>/withdraw correct_publication      cycle
POST /manage/<cycle>/publication/<cat>/correction/run             correct_publication         cycle
POST /manage/<cycle>/publication/<cat>/<proposal>/withdraw        propose_publication         cycle
GET  /manage/<cycle>/publication/<cat>/recall                     recall_publication          cycle
POST /manage/<cycle>/publication/<cat>/recall                     recall_publication          cycle
POST /manage/<cycle>/publication/<cat>/recall/<proposal>          recall_publication/2        cycle
POST /manage/<cycle>/publication/<cat>/recall/<proposal>/withdraw recall_publication          cycle
GET  /manage/<cycle>/quality                                      see_progress                cycle
GET  /manage/<cycle>/quality.xlsx                                 see_progress                cycle
GET  /manage/<cycle>/ranking/<cat>                                see_ranking_preview         cycle
GET  /manage/<cycle>/ranking/<cat>/compare                        see_ranking_preview         cycle
GET  /manage/<cycle>/ranking/<cat>/candidates/<candidate>         see_ranking_preview         cycle
GET  /manage/<cycle>/ranking/<cat>/marks                          see_others_marks            marks
GET  /manage/<cycle>/ranking/<cat>/marks-wide.csv                 see_others_marks            marks
GET  /manage/<cycle>/ranking/<cat>/marks.csv                      see_others_marks            marks
GET  /manage/<cycle>/ranking/<cat>/marks.json                     see_others_marks            marks
GET  /manage/<cycle>/ranking/<cat>/marks.xlsx                     see_others_marks            marks
GET  /manage/<cycle>/plenary/<cat>                                see_ranking_preview         cycle
POST /manage/<cycle>/plenary/<cat>                                hold_plenary                cycle
POST /manage/<cycle>/plenary/<cat>/attendance                     hold_plenary                cycle
POST /manage/<cycle>/plenary/<cat>/close                          hold_plenary                cycle
GET  /manage/<cycle>/plenary/<cat>/decisions/<wish>               record_decision             cycle
POST /manage/<cycle>/plenary/<cat>/decisions/<wish>               record_decision             cycle
GET  /manage/<cycle>/plenary/<cat>/minutes.pdf                    see_ranking_preview         cycle
POST /manage/<cycle>/plenary/<cat>/waiting/<proposal>             record_decision/2           cycle
POST /manage/<cycle>/plenary/<cat>/waiting/<proposal>/withdraw    record_decision             cycle
POST /manage/<cycle>/ranking/<cat>/runs                           build_run                   cycle
GET  /manage/<cycle>/ranking/<cat>/runs/<int:no>                  see_ranking_preview         cycle
POST /manage/<cycle>/ranking/<cat>/warnings                       seal_results                cycle
POST /manage/<cycle>/ranking/<cat>/seal                           seal_results                cycle
POST /manage/<cycle>/ranking/<cat>/seal/<proposal>                seal_results/2              cycle
POST /manage/<cycle>/ranking/<cat>/seal/<proposal>/withdraw       seal_results                cycle
GET  /manage/<cycle>/consolidations                               see_progress                cycle
GET  /manage/<cycle>/rehearsals                                   rehearse                    cycle
POST /manage/<cycle>/rehearsals                                   rehearse                    cycle
POST /manage/<cycle>/rehearsals/end                               rehearse                    cycle
GET  /manage/<cycle>/rubrics                                      manage_cycle                cycle
POST /manage/<cycle>/rubrics                                      manage_rubric               cycle
POST /manage/<cycle>/rubrics/choose/<cat>                         manage_rubric               cycle
POST /manage/<cycle>/rubrics/import                               manage_rubric               cycle
GET  /manage/<cycle>/rubrics/<rubric>/compare                     manage_cycle                cycle
GET  /manage/<cycle>/rubrics/<rubric>/<int:version>               manage_cycle                cycle
POST /manage/<cycle>/rubrics/<rubric>/<int:version>               manage_rubric               cycle
POST /manage/<cycle>/rubrics/<rubric>/<int:version>/freeze/<cat>  freeze_rubric               cycle
POST /manage/<cycle>/rubrics/<rubric>/<int:version>/freeze/<cat>/<proposal> freeze_rubric/2   cycle
POST /manage/<cycle>/rubrics/<rubric>/<int:version>/freeze/<cat>/<proposal>/withdraw freeze_rubric cycle
GET  /manage/<cycle>/rubrics/<rubric>/<int:version>/indicators    manage_rubric               cycle
POST /manage/<cycle>/rubrics/<rubric>/<int:version>/indicators    manage_rubric               cycle
GET  /manage/<cycle>/rubrics/<rubric>/<int:version>/indicators/<indicator> manage_rubric      cycle
POST /manage/<cycle>/rubrics/<rubric>/<int:version>/indicators/<indicator> manage_rubric      cycle
GET  /manage/<cycle>/rubrics/<rubric>/<int:version>/parts/<group> manage_rubric               cycle
POST /manage/<cycle>/rubrics/<rubric>/<int:version>/parts/<group> manage_rubric               cycle
GET  /manage/<cycle>/rubrics/<rubric>/<int:version>/rubric.json   manage_cycle                cycle
GET  /manage/<cycle>/rubrics/<rubric>/<int:version>/settings      manage_rubric               cycle
POST /manage/<cycle>/rubrics/<rubric>/<int:version>/settings      manage_rubric               cycle
POST /manage/<cycle>/rubrics/<rubric>/<int:version>/sum           manage_rubric               cycle
GET  /manage/<cycle>/rubrics/<rubric>/<int:version>/ties          manage_rubric               cycle
POST /manage/<cycle>/rubrics/<rubric>/<int:version>/ties          manage_rubric               cycle
GET  /manage/<cycle>/rubrics/<rubric>/<int:version>/trial         manage_cycle                cycle
GET  /manage/<cycle>/rubrics/<rubric>/<int:version>/try           manage_cycle                cycle
GET  /manage/<cycle>/schedule                                     manage_cycle                cycle
POST /manage/<cycle>/schedule/<cat>/days                          plan_session                cycle
GET  /manage/<cycle>/schedule/<cat>/clock                         plan_session                cycle
POST /manage/<cycle>/schedule/<cat>/clock                         plan_session                cycle
POST /manage/<cycle>/schedule/<cat>/end                           move_state                  cycle
GET  /manage/<cycle>/schedule/<cat>/order                         plan_session                cycle
POST /manage/<cycle>/schedule/<cat>/order                         plan_session                cycle
GET  /manage/<cycle>/schedule/<cat>/plan                          plan_session                cycle
POST /manage/<cycle>/schedule/<cat>/plan                          plan_session                cycle
POST /manage/<cycle>/schedule/<cat>/slots                         plan_session                cycle
POST /manage/<cycle>/scoring/<cat>/close                          move_state                  cycle
GET  /manage/<cycle>/scoring/<cat>/restart                        manage_cycle                cycle
POST /manage/<cycle>/scoring/<cat>/restart                        restart_category            cycle
POST /manage/<cycle>/scoring/<cat>/restart/<proposal>             restart_category/2          cycle
POST /manage/<cycle>/scoring/<cat>/restart/<proposal>/withdraw    restart_category            cycle
GET  /manage/<cycle>/winners                                      manage_cycle                cycle
POST /manage/<cycle>/winners                                      take_over_winners           cycle
POST /manage/<cycle>/winners/<winner>                             take_over_winners           cycle
GET  /nominations                                                 see_draft                   *nomination
GET  /nominations/<ref>                                           see_draft                   nomination
GET  /nominations/<ref>/check                                     see_draft                   nomination
GET  /nominations/<ref>/copy                                      see_draft                   nomination
POST /nominations/<ref>/copy                                      edit_nomination             nomination
POST /nominations/<ref>/copy/documents                            edit_nomination             nomination
POST /nominations/<ref>/documents                                 upload                      nomination
GET  /nominations/<ref>/documents/<int:doc>/file                  download_evidence           nomination
GET  /nominations/<ref>/documents/<int:doc>/pages/<int:page>      download_evidence           nomination
GET  /nominations/<ref>/documents/<int:doc>/receipt               see_draft                   nomination
GET  /nominations/<ref>/documents/<int:doc>/receipt.json          see_draft                   nomination
GET  /nominations/<ref>/documents/<int:doc>/receipt.pdf           see_draft                   nomination
POST /nominations/<ref>/documents/<int:doc>/remove                edit_nomination             nomination
GET  /nominations/<ref>/eligibility                               see_draft                   nomination
POST /nominations/<ref>/eligibility                               see_draft + edit_nomination nomination
GET  /nominations/<ref>/evidence/<kind>                           see_draft                   nomination
POST /nominations/<ref>/evidence/<kind>                           see_draft + edit_nomination nomination
GET  /nominations/<ref>/evidence/<kind>/<int:item>                see_draft                   nomination
POST /nominations/<ref>/evidence/<kind>/<int:item>                see_draft + edit_nomination nomination
POST /nominations/<ref>/evidence/<kind>/arithmetic                see_draft                   nomination
GET  /nominations/<ref>/explanation/<computed>                    see_draft                   nomination
GET  /nominations/<ref>/feedback                                  see_draft                   nomination
GET  /nominations/<ref>/feedback.pdf                              see_draft                   nomination
GET  /nominations/<ref>/list                                      see_draft                   nomination
POST /nominations/<ref>/list                                      upload                      nomination
GET  /nominations/<ref>/list/standing                             see_draft                   nomination
GET  /nominations/<ref>/list/template.<end>                       see_draft                   nomination
POST /nominations/<ref>/list/use                                  edit_nomination             nomination
GET  /nominations/<ref>/receipt                                   see_draft                   nomination
GET  /nominations/<ref>/receipt.json                              see_draft                   nomination
GET  /nominations/<ref>/receipt.pdf                               see_draft                   nomination
GET  /nominations/<ref>/requests/<int:no>                         see_draft                   nomination
POST /nominations/<ref>/requests/<int:no>                         answer_request              nomination
GET  /nominations/<ref>/revisions/<int:a>/<int:b>                 see_draft                   nomination
POST /nominations/<ref>/submit                                    submit                      nomination
POST /nominations/<ref>/take-back                                 take_back                   nomination
POST /nominations/<ref>/uploads                                   upload                      nomination
GET  /nominations/<ref>/self-assessment                           see_draft                   nomination
POST /nominations/<ref>/self-assessment                           see_draft + edit_nomination nomination
GET  /nominations/<ref>/uploads/<upload>                          upload                      nomination
PUT  /nominations/<ref>/uploads/<upload>                          upload                      nomination
POST /nominations/<ref>/uploads/<upload>/cancel                   upload                      nomination
POST /nominations/<ref>/uploads/<upload>/complete                 upload                      nomination
GET  /nominations/new                                             create_nomination           *call
POST /nominations/new                                             create_nomination           *call
GET  /receipt-keys.json                                           read_public_page            *public
GET  /nominations/<ref>/villages                                  see_draft                   nomination
GET  /notices                                                     read_public_page            *public
GET  /setup                                                       set_up_cycle                *cycle
POST /setup                                                       set_up_cycle                *cycle
GET  /setup/<cycle>                                               manage_cycle                cycle
GET  /setup/<cycle>/calendar/<cat>                                manage_cycle                cycle
POST /setup/<cycle>/calendar/<cat>                                set_up_cycle                cycle
GET  /setup/<cycle>/categories                                    manage_cycle                cycle
POST /setup/<cycle>/categories                                    set_up_cycle                cycle
GET  /setup/<cycle>/categories/<cat>                              manage_cycle                cycle
POST /setup/<cycle>/categories/<cat>                              set_up_cycle                cycle
GET  /setup/<cycle>/figures                                       manage_cycle                cycle
POST /setup/<cycle>/figures                                       set_up_cycle                cycle
GET  /setup/<cycle>/identity                                      manage_cycle                cycle
POST /setup/<cycle>/identity                                      set_up_cycle                cycle
GET  /setup/<cycle>/titles/<cat>                                  manage_cycle                cycle
POST /setup/<cycle>/titles/<cat>                                  set_up_cycle                cycle
GET  /sign-in                                                     sign_in                     *public
POST /sign-in                                                     sign_in                     *public
GET  /sign-in/again                                               reauthenticate              *house
POST /sign-in/again                                               reauthenticate              *house
POST /sign-out                                                    sign_out                    *house
GET  /static/<path:filename>                                      static                      *public
GET  /system                                                      operate                     *house
GET  /system/jobs                                                 operate                     *house
GET  /system/jobs/list                                            operate                     *house
POST /system/jobs/start/<kind>                                    operate                     *house
POST /system/jobs/<job>/cancel                                    operate                     *house
POST /system/jobs/<job>/retry                                     operate                     *house
GET  /verification                                                verify                      *nomination
GET  /verification/<ref>                                          see_nomination              nomination
GET  /verification/<ref>/close                                    set_finding                 nomination
POST /verification/<ref>/close                                    verify                      nomination
POST /verification/<ref>/close/confirm                            close_verification          nomination
POST /verification/<ref>/close/return                             close_verification          nomination
POST /verification/<ref>/decisions                                decide_finding              nomination
POST /verification/<ref>/declaration                              see_nomination              nomination
GET  /verification/<ref>/explanation/<computed>                   see_nomination              nomination
POST /verification/<ref>/gates                                    set_finding + verify        nomination
GET  /verification/<ref>/items/<item>                             see_nomination              nomination
POST /verification/<ref>/items/<item>                             verify                      nomination
GET  /verification/<ref>/overrides                                see_nomination              nomination
POST /verification/<ref>/overrides                                override_verification       nomination
POST /verification/<ref>/overrides/<int:no>                       override_verification/2     nomination
POST /verification/<ref>/overrides/<int:no>/withdraw              override_verification       nomination
GET  /verification/<ref>/requests                                 see_nomination              nomination
POST /verification/<ref>/requests/<int:no>/end                    request_change              nomination
GET  /verification/<ref>/requests/new                             request_change              nomination
POST /verification/<ref>/requests/new                             request_change              nomination
GET  /verification/<ref>/revisions/<int:a>/<int:b>                see_nomination              nomination
POST /verification/<ref>/take                                     take_verification + verify  nomination
GET  /verification/<ref>/villages                                 see_nomination              nomination
GET  /verification/<ref>/visits                                   see_nomination              nomination
POST /verification/<ref>/visits                                   verify                      nomination
POST /verification/<ref>/visits/<int:no>/photos                   verify                      nomination
GET  /verification/<ref>/visits/<int:no>/photos/<int:photo>       download_evidence           nomination
POST /verification/next                                           verify                      *nomination
GET  /verify                                                      verify_certificate          *public
GET  /verify/<code>                                               verify_certificate          *public
GET  /verify/<code>/certificate.pdf                               verify_certificate          *public
"""


@dataclass(frozen=True)
class Route:
    """One line of the table."""

    method: str
    rule: str
    act: str
    second: bool
    also: str | None  # asked for after the form is read
    kind: str
    about: bool  # whether it is about something, or about nothing in particular

    @property
    def safe(self) -> bool:
        """Whether it only reads."""
        return self.method == "GET"

    @property
    def edits(self) -> bool:
        """Whether it changes a nomination as its owner."""
        changes = not self.safe or self.act == "upload"
        return self.rule.startswith("/nominations/<ref>/") and changes


def _route(line: str) -> Route:
    method, rule, rest = line.split(None, 2)
    acts, kind = rest.rsplit(None, 1)
    act, _, also = acts.strip().partition(" + ")
    name, _, part = act.partition("/")
    return Route(method, rule, name, part == "2", also or None, kind.lstrip("*"), not kind.startswith("*"))


ROUTES = [_route(line) for line in TABLE.strip().splitlines()]
