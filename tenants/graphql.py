"""Signing up over the API of the accounts host; the schema there is made of these classes."""

from typing import Any

import graphene
from tessera.errors import Refused

from tenants.provisioning import check_slug
from tenants.signup import confirm_signup, offered_modules, request_signup
from tenants.wishes import Wish, read_wish


class UserError(graphene.ObjectType):
    """One finding about an input."""

    field = graphene.List(graphene.NonNull(graphene.String))
    message = graphene.NonNull(graphene.String)
    code = graphene.NonNull(graphene.String)


def findings(refused: Refused) -> list[UserError]:
    """Return a refusal as it is answered."""
    return [UserError(field=list(p.field) or None, message=p.message, code=p.code) for p in refused.problems]


class OfferedModule(graphene.ObjectType):
    """A module that can be chosen when signing up."""

    name = graphene.NonNull(graphene.String)
    title = graphene.NonNull(graphene.String)


class NewTenant(graphene.ObjectType):
    """The tenant that a sign-up made."""

    slug = graphene.NonNull(graphene.String)
    url = graphene.NonNull(graphene.String)


class SignUpChoice(graphene.InputObjectType):
    """The plan that a company wants after its trial: keys are those of `plans` and `planAdditions`, the interval month or year."""

    plan = graphene.String(required=True)
    interval = graphene.String()
    currency = graphene.String()
    seats = graphene.Int()
    additions = graphene.List(graphene.NonNull(graphene.String))


class SignUp(graphene.Mutation):
    """Ask for a tenant; a link that confirms it goes to the address."""

    class Arguments:
        company = graphene.String(required=True)
        slug = graphene.String(required=True)
        email = graphene.String(required=True)
        password = graphene.String(required=True)
        modules = graphene.List(graphene.NonNull(graphene.String), default_value=[])
        language = graphene.String(default_value="en")
        choice = SignUpChoice(description="Offered to the company for a checkout of one click, as long as it is sold.")

    email = graphene.String()
    user_errors = graphene.List(graphene.NonNull(UserError), required=True)

    def mutate(root: Any, info: Any, modules: list[str] | None = None, choice: Any = None, **said: Any) -> "SignUp":
        ip = info.context.META.get("REMOTE_ADDR", "")
        try:
            asked = request_signup(modules=modules or [], ip=ip, wish=_wish(choice), **said)
        except Refused as refused:
            return SignUp(user_errors=findings(refused))
        return SignUp(email=asked.email, user_errors=[])


def _wish(choice: Any) -> Wish | None:
    """Return a choice as an address would say it."""
    if not choice:
        return None
    asked = {name: value if isinstance(value, list) else [str(value)] for name, value in choice.items() if value is not None}
    return read_wish(asked)


class SignUpConfirm(graphene.Mutation):
    """Confirm a sign-up by the token of its link; said twice, it answers the same tenant."""

    class Arguments:
        token = graphene.String(required=True)

    tenant = graphene.Field(NewTenant)
    user_errors = graphene.List(graphene.NonNull(UserError), required=True)

    def mutate(root: Any, info: Any, token: str) -> "SignUpConfirm":
        try:
            done = confirm_signup(token=token)
        except Refused as refused:
            return SignUpConfirm(user_errors=findings(refused))
        return SignUpConfirm(tenant=NewTenant(slug=done.slug, url=done.url), user_errors=[])


class Query(graphene.ObjectType):
    """What a sign-up page needs to know."""

    sign_up_modules = graphene.List(
        graphene.NonNull(OfferedModule), required=True, description="The modules that a new company can begin with."
    )
    sign_up_slug = graphene.List(
        graphene.NonNull(UserError), required=True, slug=graphene.String(required=True), description="What speaks against a name."
    )

    def resolve_sign_up_modules(root: Any, info: Any) -> list[OfferedModule]:
        return [OfferedModule(name=label, title=title) for label, title in offered_modules()]

    def resolve_sign_up_slug(root: Any, info: Any, slug: str) -> list[UserError]:
        try:
            check_slug(slug)
        except Refused as refused:
            return findings(refused)
        return []


class Mutation(graphene.ObjectType):
    """Signing up."""

    sign_up = SignUp.Field()
    sign_up_confirm = SignUpConfirm.Field()
