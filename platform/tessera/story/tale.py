"""The whole story, act by act."""

import traceback

from tessera.story.acts import billing, books, closing, founding, importing, selling, subscribing
from tessera.story.client import StoryFailed
from tessera.story.companies import Company
from tessera.story.stage import Stage

ACTS = (
    founding.sign_up,
    founding.enable_bundles,
    subscribing.buy_plan,
    founding.make_roles,
    founding.invite_staff,
    importing.set_up_company,
    importing.import_masters,
    books.open_books,
    books.take_over_stock,
    books.publish_process,
    importing.import_orders,
    closing.check_northwind_reservations,
    closing.check_northwind,
    selling.give_leads_in_turn,
    selling.capture_and_convert,
    selling.quote_with_approval,
    selling.confirm_and_deliver,
    billing.invoice_and_payments,
    billing.return_and_credit,
    billing.survey_and_ticket,
    closing.advance_and_short_close,
    closing.draw_graph,
    subscribing.check_plan,
    closing.check_parts,
    closing.check_books,
)


def tell(stage: Stage, company: Company) -> str:
    """Play every act; return the story's last line."""
    try:
        for act in ACTS:
            act(stage, company)
    except StoryFailed as failure:
        stage.say(f"     {failure}")
    except Exception:  # whatever it is, the last line says where
        stage.say(traceback.format_exc())
    else:
        return "story: ok"
    return f"story: failed: {stage.current}"
