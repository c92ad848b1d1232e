"""The whole story, act by act."""

from tessera.story.acts import founding, importing
from tessera.story.client import StoryFailed
from tessera.story.companies import Company
from tessera.story.stage import Stage

ACTS = (
    founding.sign_up,
    founding.invite_staff,
    importing.set_up_company,
    importing.import_masters,
)


def tell(stage: Stage, company: Company) -> str:
    """Play every act; return the story's last line."""
    try:
        for act in ACTS:
            act(stage, company)
    except StoryFailed as failure:
        stage.say(f"     {failure}")
        return f"story: failed: {stage.current}"
    return "story: ok"
